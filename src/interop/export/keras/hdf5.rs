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
    /// By the names of its links.
    Group(BTreeMap<String, Item<'a>>),
    /// Row-major.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A number of eight bytes.
    fn number(file: &[u8], at: usize) -> usize {
        u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize
    }

    /// The links of a group by its B-tree and heap, as a reader follows them: names and object headers, node by node.
    fn links(file: &[u8], tree: usize, heap: usize) -> Vec<(String, usize)> {
        assert_eq!(
            (&file[tree..tree + 6], &file[heap..heap + 4]),
            (&b"TREE\0\0"[..], &b"HEAP"[..])
        );
        let names = number(file, heap + 24);
        let name = |at: usize| {
            let text = &file[names + at..];
            let end = text.iter().position(|&byte| byte == 0).unwrap();
            String::from_utf8(text[..end].to_vec()).unwrap()
        };
        let mut all = Vec::new();
        for child in 0..usize::from(file[tree + 6]) {
            let node = number(file, tree + 32 + 16 * child);
            assert_eq!(&file[node..node + 4], b"SNOD");
            let (key, from) = (number(file, tree + 40 + 16 * child), all.len());
            for entry in 0..usize::from(file[node + 6]) {
                let entry = node + 8 + 40 * entry;
                all.push((name(number(file, entry)), number(file, entry + 8)));
            }
            assert!(all.len() - from <= 2 * LEAF_K);
            assert_eq!(name(key), all[all.len() - 1].0);
        }
        all
    }

    #[test]
    fn every_dataset_is_found_by_its_path_with_its_numbers() {
        let mut root = Item::group();
        let numbers: Vec<f32> = (0..30).map(|i| i as f32 / 7.0).collect();
        // More than two nodes of links.
        for i in 0..20 {
            root.put(&format!("layers/dense_{i}"), &[1, 1], &numbers[i..=i]);
        }
        root.put("table", &[10, 3], &numbers);
        let Item::Group(top) = root else { panic!() };
        let file = to_bytes(&top).unwrap();
        assert_eq!(&file[..8], b"\x89HDF\r\n\x1a\n");
        assert_eq!(number(&file, 40), file.len());
        let group = |header: usize| {
            assert_eq!(file[header + 16..header + 20], [0x11, 0, 16, 0]);
            links(
                &file,
                number(&file, header + 24),
                number(&file, header + 32),
            )
        };
        // Messages of a dataset: dataspace, type, fill value, layout, whose last two numbers are place and size.
        let values = |header: usize| {
            let size = u32::from_le_bytes(file[header + 8..header + 12].try_into().unwrap());
            let layout = header + 16 + size as usize - 24;
            assert_eq!(file[layout..layout + 2], [3, 1]);
            let axes =
                (0..usize::from(file[header + 25])).map(|i| number(&file, header + 32 + 8 * i));
            let (at, size) = (number(&file, layout + 2), number(&file, layout + 10));
            let numbers = file[at..at + size].chunks_exact(4);
            let numbers = numbers.map(|x| f32::from_le_bytes(x.try_into().unwrap()));
            (axes.collect::<Vec<_>>(), numbers.collect::<Vec<f32>>())
        };
        let top = group(number(&file, 64));
        assert_eq!(top, links(&file, number(&file, 80), number(&file, 88)));
        assert_eq!((top[0].0.as_str(), top[1].0.as_str()), ("layers", "table"));
        assert_eq!(values(top[1].1), (vec![10, 3], numbers.clone()));
        let layers = group(top[0].1);
        assert!(layers.len() == 20 && layers.is_sorted());
        for (name, header) in layers {
            let i: usize = name.strip_prefix("dense_").unwrap().parse().unwrap();
            assert_eq!(values(header), (vec![1, 1], numbers[i..=i].to_vec()));
        }
    }

    #[test]
    fn more_links_than_a_node_holds_are_refused() {
        let mut root = Item::group();
        for i in 0..257 {
            root.put(&i.to_string(), &[1], &[0.0]);
        }
        let Item::Group(top) = root else { panic!() };
        assert!(to_bytes(&top).unwrap_err().to_string().contains("256"));
    }
}
