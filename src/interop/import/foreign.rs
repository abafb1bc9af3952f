//! The tensors of a foreign file by the names that this crate gives them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What gives a tensor's numbers, row-major.
type Numbers<'f> = Box<dyn Fn() -> Result<Vec<f32>> + 'f>;

/// A tensor of a file. Its numbers are read when they are asked for, after its shape was found right.
pub struct Tensor<'f> {
    /// As the file names it.
    pub source: String,
    /// Of the numbers as they are given, row-major.
    pub shape: Vec<usize>,
    numbers: Numbers<'f>,
}

impl<'f> Tensor<'f> {
    /// A tensor whose numbers `read` gives.
    pub fn new(
        source: String,
        shape: Vec<usize>,
        read: impl Fn() -> Result<Vec<f32>> + 'f,
    ) -> Tensor<'f> {
        Tensor {
            source,
            shape,
            numbers: Box::new(read),
        }
    }

    /// The tensor that `change` makes of its numbers, of another shape.
    pub fn changed(
        self,
        shape: Vec<usize>,
        change: impl Fn(Vec<f32>) -> Vec<f32> + 'f,
    ) -> Tensor<'f> {
        let read = self.numbers;
        Tensor::new(self.source, shape, move || Ok(change(read()?)))
    }

    /// Its numbers, row-major.
    ///
    /// # Errors
    /// When the file cannot be read, or a number is not finite.
    pub fn numbers(&self, file: &Path) -> Result<Vec<f32>> {
        let numbers = (self.numbers)()?;
        let count = self.shape.iter().try_fold(1usize, |n, &m| n.checked_mul(m));
        if Some(numbers.len()) != count {
            let what = format!(
                "tensor {self:?} holds {} numbers, which is not what its shape says",
                numbers.len()
            );
            return Err(Error::file(file, what));
        }
        if numbers.iter().all(|x| x.is_finite()) {
            return Ok(numbers);
        }
        let what = format!("tensor `{}` holds a number that is not finite", self.source);
        Err(Error::file(file, what))
    }
}

impl fmt::Debug for Tensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {:?}", self.source, self.shape)
    }
}

/// The layout of files that a table of names explains.
pub const PYTORCH: &str = "PyTorch";

/// A file's tensors.
#[derive(Debug)]
pub struct Foreign<'f> {
    /// The file, for messages.
    pub path: PathBuf,
    /// What wrote it, for people.
    pub layout: &'static str,
    /// By the names that [`crate::run::weights`] has for them; the embedding table may be one, `embedding`, or one a field.
    pub tensors: BTreeMap<String, Tensor<'f>>,
    /// Tensors that are no part of a model that is known here, as the file names them, with their shapes.
    pub others: Vec<String>,
    /// What holds no weights (metrics, the optimiser's state).
    pub skipped: Vec<String>,
    /// Whether a field's table has a row for unknown values, the first, as ours have; one table of all fields never has.
    pub unknown_rows: bool,
}

impl<'f> Foreign<'f> {
    /// Adds a tensor under our name.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn add(&mut self, name: String, tensor: Tensor<'f>) -> Result<()> {
        match self.tensors.get(&name) {
            None => {
                self.tensors.insert(name, tensor);
                Ok(())
            }
            Some(first) => {
                let what = format!(
                    "holds {name} twice, as `{}` and as `{}`: expected the weights of one model",
                    first.source, tensor.source
                );
                Err(Error::file(&self.path, what))
            }
        }
    }
}

/// The most entries of a list in a message: a damaged file may differ in thousands.
const MOST_LISTED: usize = 40;

/// A list for a message.
pub fn listed(all: &[String], between: &str) -> String {
    let shown = &all[..all.len().min(MOST_LISTED)];
    let text = shown.join(between);
    match all.len() - shown.len() {
        0 => text,
        more => format!("{text}{between}and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let all: Vec<String> = (0..42).map(|n| n.to_string()).collect();
        assert_eq!(listed(&all[..2], ", "), "0, 1");
        assert!(listed(&all, "; ").ends_with("; 39; and 2 more"));
    }

    #[test]
    fn a_tensor_that_is_there_twice_or_not_finite_is_refused() {
        let tensor = |source: &str, x| Tensor::new(source.into(), vec![1], move || Ok(vec![x]));
        let mut foreign = Foreign {
            path: "w.h5".into(),
            layout: "none",
            tensors: BTreeMap::new(),
            others: Vec::new(),
            skipped: Vec::new(),
            unknown_rows: false,
        };
        foreign.add("x".into(), tensor("a", 1.0)).unwrap();
        let twice = foreign.add("x".into(), tensor("b", 1.0)).unwrap_err();
        assert!(twice.to_string().contains("as `a` and as `b`"), "{twice}");
        let path = Path::new("w.h5");
        assert_eq!(foreign.tensors["x"].numbers(path).unwrap(), [1.0]);
        let error = tensor("c", f32::NAN).numbers(path).unwrap_err().to_string();
        assert!(
            error.contains("`c` holds a number that is not finite"),
            "{error}"
        );
    }
}
