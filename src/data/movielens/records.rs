//! A data set as records: people, films and who rated what.

/// A data set as its files hold it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MovieLens {
    /// In file order; ids are unique.
    pub users: Vec<User>,
    /// In file order, movies without any rating included; ids are unique.
    pub movies: Vec<Movie>,
    /// In file order.
    pub ratings: Vec<Rating>,
    /// What a user should know of the files.
    pub notes: Vec<String>,
}

/// A person who rates. The texts are as the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// From 1, as the file has it; ratings refer to it.
    pub id: u32,
    /// "M" or "F".
    pub gender: String,
    /// MovieLens-1M: the first year of an age bucket (1, 18, 25, 35, 45, 50, 56); MovieLens-100K: years.
    pub age: String,
    /// MovieLens-1M: a code from 0 to 20; MovieLens-100K: a word.
    pub occupation: String,
    /// The postal code as text: some have letters or a hyphen.
    pub zip: String,
}

/// A movie of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movie {
    /// From 1 with gaps, as the file has it; ratings refer to it.
    pub id: u32,
    /// Without the year.
    pub title: String,
    /// The year in the title, when there is one.
    pub year: Option<u16>,
    /// In file order.
    pub genres: Vec<String>,
}

/// One rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// Position in [`MovieLens::users`].
    pub user: u32,
    /// Position in [`MovieLens::movies`].
    pub movie: u32,
    /// 1 to 5.
    pub stars: u8,
    /// Seconds since 1970-01-01 UTC.
    pub seconds: i64,
}
