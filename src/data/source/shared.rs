//! Files that ranks share out: whole ones, neighbours together, about as many bytes for each.

use std::fs;
use std::path::PathBuf;

use super::Source;
use super::layout::Layout;
use super::open::open;
use super::reader::Reader;
use super::sniff::sniff;
use crate::data::dataset::Dataset;
use crate::data::encode::{Rules, encode_among};
use crate::data::protocol::Protocol;
use crate::data::store::Target;
use crate::error::{Error, Result};
use crate::ranks::Ranks;

impl Source {
    /// [`Source::encode`] by several ranks, who read the files together; the first gets the data set. What is no list of files is the
    /// first one's work alone.
    ///
    /// # Errors
    /// As there, and when files have other columns than the first.
    pub fn encode_among(
        &self,
        ranks: &dyn Ranks,
        asked: Option<&Protocol>,
        target: Target<'_>,
    ) -> Result<Option<Dataset>> {
        let Source::Files {
            files, valid, test, ..
        } = self
        else {
            let first = ranks.first();
            return first.then(|| self.encode(asked, target)).transpose();
        };
        let own = asked.is_none().then(|| self.protocol()).transpose()?;
        let Some(protocol) = asked.or(own.as_ref()) else {
            return Err(Error::Data("there is no protocol".into()));
        };
        let tables = self.tables(protocol)?;
        let mut inputs = Vec::new();
        let parts = [files, valid, test];
        for (part, own) in shares(parts, ranks)?.into_iter().enumerate() {
            if let Some(first) = parts[part].first().filter(|_| !own.is_empty()) {
                inputs.push((part, opened(first, &own, &protocol.input.layout())?));
            }
        }
        encode_among(ranks, inputs, Rules::New(protocol, &tables), target)
    }
}

/// The files of each part that this rank reads: those that lie in its share of all bytes. The first file is the first rank's, whose
/// columns are those of all.
fn shares(parts: [&Vec<PathBuf>; 3], ranks: &dyn Ranks) -> Result<[Vec<PathBuf>; 3]> {
    let size = |file: &PathBuf| {
        let metadata = fs::metadata(file).map_err(Error::io(file, "open"))?;
        Ok(metadata.len().max(1))
    };
    let mut all = Vec::new();
    for (part, files) in parts.into_iter().enumerate() {
        for file in files {
            all.push((part, file, size(file)?));
        }
    }
    let total: u64 = all.iter().map(|(_, _, size)| size).sum();
    let mut before = 0;
    let mut own: [Vec<PathBuf>; 3] = Default::default();
    for (number, (part, file, size)) in all.into_iter().enumerate() {
        let middle = u128::from(before + size / 2);
        let reader = middle * ranks.size() as u128 / u128::from(total.max(1));
        if (number > 0 && reader == ranks.rank() as u128) || (number == 0 && ranks.first()) {
            own[part].push(file.clone());
        }
        before += size;
    }
    Ok(own)
}

/// A reader of some of a part's files, by what the first of the part is.
fn opened(first: &PathBuf, own: &[PathBuf], layout: &Layout) -> Result<Box<dyn Reader>> {
    let found = sniff(first)?;
    let layout = Layout {
        format: layout.format.or(found.format),
        delimiter: layout.delimiter.or(found.delimiter),
        quoted: layout.quoted.or(found.quoted),
        header: layout.header.or(found.header),
        ..layout.clone()
    };
    let reader = open(own, &layout)?;
    if own[0] != *first {
        let all = open(std::slice::from_ref(first), &layout)?;
        if all.header() != reader.header() {
            let what = format!(
                "has other columns than {}, or in another order: prepare these files without mpirun",
                first.display()
            );
            return Err(Error::file(&own[0], what));
        }
    }
    Ok(reader)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::protocol::OnBad;
    use crate::data::protocol::file::parse;
    use crate::ranks::threads::together;

    const SCHEMA: &str = r#"
name = "clicks"
metrics = ["auc"]
[label]
column = "click"
[roles]
user = "user"
item = "item"
[split]
rule = "random"
parts = [8, 1, 1]
seed = 1
[[field]]
name = "user"
kind = "categorical"
[[field]]
name = "item"
kind = "categorical"
hash_buckets = 50
[[field]]
name = "tags"
kind = "multi-valued"
[[field]]
name = "price"
kind = "numeric"
"#;

    /// Files of unequal length, whose users and tags come in another order in each; the third is a header alone.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let rows = [40, 3, 0, 90, 25];
        let mut number = 0;
        let file = |(k, rows): (usize, usize)| {
            let mut text = "user,item,tags,price,click\n".to_owned();
            for _ in 0..rows {
                number += 1;
                let (user, item) = (number * 7919 % 31, number * 104_729 % 17);
                let price = if number % 9 == 0 {
                    String::new()
                } else {
                    format!("{}.5", number % 13)
                };
                text += &format!(
                    "u{user},i{item},t{}|t{},{price},{}\n",
                    user % 5,
                    item % 4,
                    number % 2
                );
            }
            let path = folder.join(format!("part-{k}.csv"));
            fs::write(&path, text).unwrap();
            path
        };
        rows.into_iter().enumerate().map(file).collect()
    }

    fn prepared(source: &Source, protocol: &Protocol, size: usize, store: &Path) -> Vec<u8> {
        let made = together(size, |ranks| {
            let made = source.encode_among(&*ranks, Some(protocol), Target::Store(store));
            made.unwrap().map(|data| data.counts().to_string())
        });
        assert!(made[0].is_some() && made[1..].iter().all(Option::is_none));
        fs::read(store).unwrap()
    }

    #[test]
    fn ranks_make_the_file_of_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let mut protocol = parse(SCHEMA, Path::new("s.toml")).unwrap();
        protocol.rows.on_bad = OnBad::Skip;
        fs::write(
            &files[1],
            "user,item,tags,price,click\nu99,i1,new,much,1\nu98,i2,,1,0\n",
        )
        .unwrap();
        let source = Source::of_files(files);
        let alone = folder.path().join("alone");
        let data = source
            .encode(Some(&protocol), Target::Store(&alone))
            .unwrap();
        assert_eq!((data.counts().bad, data.rows()), (1, 156));
        let alone = fs::read(alone).unwrap();
        for size in [1, 2, 3, 7] {
            let store = folder.path().join(format!("of-{size}"));
            assert!(
                prepared(&source, &protocol, size, &store) == alone,
                "{size} ranks"
            );
        }
    }

    #[test]
    fn a_file_with_other_columns_than_the_first_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let opened = |own| opened(&files[0], &files[own..=own], &Layout::default());
        assert!(opened(0).is_ok() && opened(3).is_ok());
        fs::write(&files[3], "item,user,tags,price,click\ni1,u1,a,1,0\n").unwrap();
        let error = opened(3).err().unwrap().to_string();
        assert!(
            error.contains("part-3.csv: has other columns than"),
            "{error}"
        );
    }
}
