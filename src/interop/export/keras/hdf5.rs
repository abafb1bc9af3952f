//! HDF5 files, as far as weights need them: superblock 0, old-style groups, contiguous little-endian f32 datasets
//! (<https://docs.hdfgroup.org/archive/support/HDF5/doc/H5.format.html>, whose names stand here).
//!
//! What is below another thing is written before it, as its address must be known: datasets, then groups, the root last.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// No address.
const NOTHING: u64 = u64::MAX;
/// Half of the links of a symbol table node, and half of the nodes of a B-tree node: the library's defaults.
const LEAF_K: usize = 4;
const INTERNAL_K: usize = 16;

/// A group or a dataset. The names of a group's links are sorted byte-wise, as the format wants them.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Group(BTreeMap<String, Item<'a>>),
    Floats {
        shape: Vec<usize>,
        values: &'a [f32],
    },
}

impl<'a> Item<'a> {
    /// A group without links.
    pub fn group() -> Item<'a> {
        Item::Group(BTreeMap::new())
    }

    /// Puts a dataset at a path, making the groups on the way.
    pub fn put(&mut self, path: &str, shape: &[usize], values: &'a [f32]) {
        let (first, rest) = match path.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        if let Item::Group(links) = self {
            match rest {
                Some(rest) => {
                    let group = links.entry(first.to_owned()).or_insert_with(Item::group);
                    group.put(rest, shape, values);
                }
                None => {
                    let shape = shape.to_vec();
                    links.insert(first.to_owned(), Item::Floats { shape, values });
                }
            }
        }
    }
}

/// The bytes of a file whose root group has these links.
///
/// # Errors
/// When a group has more links than one node of a B-tree holds.
pub(super) fn to_bytes(root: &BTreeMap<String, Item<'_>>) -> Result<Vec<u8>> {
    let mut file = File(vec![0; 96]);
    let (header, tree, heap) = file.group(root)?;
    let mut superblock = Record::new(b"\x89HDF\r\n\x1a\n");
    // Versions of the superblock, free space, root group and shared messages, with reserved bytes; sizes of addresses and lengths.
    superblock.bytes(&[0, 0, 0, 0, 0, 8, 8, 0]);
    superblock.u16(LEAF_K as u16).u16(INTERNAL_K as u16).u32(0);
    let end = file.0.len() as u64;
    superblock.u64(0).u64(NOTHING).u64(end).u64(NOTHING);
    // The root's symbol table entry; it repeats the addresses that its header has.
    superblock
        .u64(0)
        .u64(header)
        .u32(1)
        .u32(0)
        .u64(tree)
        .u64(heap);
    file.0[..96].copy_from_slice(&superblock.0);
    Ok(file.0)
}

struct File(Vec<u8>);

impl File {
    /// Appends at the next multiple of eight; gives the address.
    fn append(&mut self, bytes: &[u8]) -> u64 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let address = self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        address
    }

    fn item(&mut self, item: &Item<'_>) -> Result<u64> {
        match item {
            Item::Group(links) => Ok(self.group(links)?.0),
            Item::Floats { shape, values } => Ok(self.floats(shape, values)),
        }
    }

    /// A group: the addresses of its object header, its B-tree and its heap of names.
    fn group(&mut self, links: &BTreeMap<String, Item<'_>>) -> Result<(u64, u64, u64)> {
        if links.len() > 2 * LEAF_K * 2 * INTERNAL_K {
            let what = format!(
                "a group of {} layers is more than the 256 that are written",
                links.len()
            );
            return Err(Error::Data(what));
        }
        // The heap begins with the empty name; each name ends with a zero and fills up eight bytes.
        let (mut names, mut entries) = (vec![0; 8], Vec::new());
        for (name, item) in links {
            entries.push((names.len() as u64, self.item(item)?));
            names.extend_from_slice(name.as_bytes());
            names.resize((names.len() + 1).next_multiple_of(8), 0);
        }
        let segment = self.append(&names);
        let mut heap = Record::new(b"HEAP\0\0\0\0");
        // There is no free list: 1.
        heap.u64(names.len() as u64).u64(1).u64(segment);
        let heap = self.append(&heap.0);
        let tree = self.tree(&entries);
        let mut table = Record::default();
        table.u64(tree).u64(heap);
        let header = self.header(&[(0x11, table.0)]);
        Ok((header, tree, heap))
    }

    /// A B-tree of one node over symbol table nodes, of links by the places of their names in the heap.
    fn tree(&mut self, entries: &[(u64, u64)]) -> u64 {
        let nodes: Vec<(u64, u64)> = entries
            .chunks(2 * LEAF_K)
            .map(|entries| {
                let mut node = Record::new(b"SNOD\x01\0");
                node.u16(entries.len() as u16);
                for &(name, header) in entries {
                    node.u64(name).u64(header).u64(0).u64(0).u64(0);
                }
                node.0.resize(8 + 2 * LEAF_K * 40, 0);
                let last = entries.last().map_or(0, |&(name, _)| name);
                (self.append(&node.0), last)
            })
            .collect();
        let mut tree = Record::new(b"TREE\0\0");
        tree.u16(nodes.len() as u16).u64(NOTHING).u64(NOTHING);
        // The first key is the empty name; the others are the last names of the nodes before them.
        tree.u64(0);
        for (node, last) in nodes {
            tree.u64(node).u64(last);
        }
        tree.0.resize(24 + (4 * INTERNAL_K + 1) * 8, 0);
        self.append(&tree.0)
    }

    fn floats(&mut self, shape: &[usize], values: &[f32]) -> u64 {
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let data = self.append(&bytes);
        let mut space = Record::default();
        space.bytes(&[1, shape.len() as u8, 0, 0, 0, 0, 0, 0]);
        for &n in shape {
            space.u64(n as u64);
        }
        // Class 1 (floating point) of version 1: little-endian, implied first bit, sign in bit 31; four bytes; 32 bits from bit 0 on,
        // exponent of 8 bits from bit 23 on with the bias 127, mantissa of 23 bits from bit 0 on.
        let mut kind = Record::default();
        kind.bytes(&[0x11, 0x20, 31, 0]).u32(4).u16(0).u16(32);
        kind.bytes(&[23, 8, 0, 23]).u32(127);
        // Fill value of version 2: none, the space being there already.
        let fill = vec![2, 1, 0, 0];
        let mut layout = Record::default();
        layout.bytes(&[3, 1]).u64(data).u64(bytes.len() as u64);
        self.header(&[(1, space.0), (3, kind.0), (5, fill), (8, layout.0)])
    }

    /// An object header of version 1.
    fn header(&mut self, messages: &[(u16, Vec<u8>)]) -> u64 {
        let mut body = Record::default();
        for (kind, data) in messages {
            let size = data.len().next_multiple_of(8);
            body.u16(*kind).u16(size as u16).u32(0).bytes(data);
            body.0.resize(body.0.len() + size - data.len(), 0);
        }
        let mut header = Record::new(&[1, 0]);
        header.u16(messages.len() as u16).u32(1);
        header.u32(body.0.len() as u32).u32(0).bytes(&body.0);
        self.append(&header.0)
    }
}

/// Bytes, number by number.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn new(begin: &[u8]) -> Record {
        Record(begin.to_vec())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Record {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u16(&mut self, x: u16) -> &mut Record {
        self.bytes(&x.to_le_bytes())
    }

    fn u32(&mut self, x: u32) -> &mut Record {
        self.bytes(&x.to_le_bytes())
    }

    fn u64(&mut self, x: u64) -> &mut Record {
        self.bytes(&x.to_le_bytes())
    }
}
