//! Every tensor as a file of NumPy's format, version 1.0 (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>), in a folder
//! that is there whole or not at all.
//!
//! `NAME.npy` for each tensor of the run's own file, and `field_dims.npy`: int64, the table rows of each field, so that the sums of those
//! before are a field's first rows. A character of a name that not every file system takes is written as `%` and its bytes in
//! hexadecimal digits.

use std::path::Path;

use super::folder::write_folder;
use crate::error::Result;
use crate::run::Run;
use crate::run::weights::tensors;

/// Writes the folder.
///
/// # Errors
/// When it is there already, or a file cannot be written.
pub fn write(run: &Run, path: &Path) -> Result<()> {
    write_folder(path, |folder| {
        for tensor in tensors(run.runtime.tape().layout(), &run.schema) {
            let numbers = tensor.values(&run.parameters).iter();
            let bytes = numbers.flat_map(|x| x.to_le_bytes());
            let name = format!("{}.npy", file_name(&tensor.name));
            folder.file(&name, &array("<f4", &tensor.shape, bytes))?;
        }
        let dims = run.schema.fields.iter();
        let dims: Vec<i64> = dims.map(|f| f.encoding.table_rows() as i64).collect();
        let bytes = dims.iter().flat_map(|x| x.to_le_bytes());
        folder.file("field_dims.npy", &array("<i8", &[dims.len()], bytes))
    })
}

/// A file: magic, version, and a header that is filled up to a multiple of 64 bytes; then the numbers, row-major.
fn array(kind: &str, shape: &[usize], bytes: impl Iterator<Item = u8>) -> Vec<u8> {
    let shape = match shape {
        // A tuple of one is written with a comma.
        [one] => format!("{one},"),
        several => several
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
    while !(before + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    // A header of two numbers is far shorter than 65,535 bytes.
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    file.extend(bytes);
    file
}

/// A tensor's name as a file's.
fn file_name(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let escaped = name.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `numpy.save` writes of `numpy.array([[1, 2, 3]], dtype="<f4")`.
    #[test]
    fn an_array_is_written_as_numpy_writes_it() {
        let numbers = [1.0f32, 2.0, 3.0];
        let file = array("<f4", &[1, 3], numbers.iter().flat_map(|x| x.to_le_bytes()));
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        let header = std::str::from_utf8(&file[10..128]).unwrap();
        let told = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
        assert_eq!(header.trim_end(), told);
        assert!(header.ends_with(" \n"));
        assert_eq!(file.len(), 128 + 12);
        assert_eq!(file[128..132], 1.0f32.to_le_bytes());
        let list = array("<i8", &[2], std::iter::empty());
        assert!(list.windows(5).any(|w| w == b"(2,),"));
    }

    #[test]
    fn names_become_file_names_and_stay_apart() {
        assert_eq!(file_name("interacting.0.query"), "interacting.0.query");
        assert_eq!(file_name("embedding.a/b"), "embedding.a%2Fb");
        assert_eq!(file_name("embedding.a%2Fb"), "embedding.a%252Fb");
        assert_eq!(file_name("é"), "%C3%A9");
    }
}
