//! Files of tables of any content.

use proptest::prelude::*;

use super::*;
use crate::data::protocol::field::FieldSpec;

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-3]",
        2 => "[a-c]{0,2}",
        1 => "-?[0-9]{1,4}(\\.[0-9])?",
        1 => any::<String>(),
        1 => Just("NA".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the table is, the file is a schema that reads it, or lacks the label alone.
    #[test]
    fn a_file_is_a_schema_or_lacks_its_label(
        names in prop::collection::hash_set("(label|user|click|rating|time|[\\PC\n\"#]{1,6}|)", 2..6),
        rows in prop::collection::vec(prop::collection::vec(cell(), 6), 1..30),
        headed: bool,
    ) {
        let mut table = Table::new(rows.len());
        let names: Vec<String> = names.into_iter().collect();
        for (place, name) in names.iter().enumerate() {
            let cells: Vec<&str> = rows.iter().map(|row| row[place].as_str()).collect();
            table.push(name.clone(), texts(&cells)).unwrap();
        }
        let layout = Layout { header: Some(headed), ..Layout::default() };
        let Ok(draft) = draft(&mut TableReader::new(table.clone()), &names, &layout, &Ask::default()) else {
            return Ok(());
        };
        let text = toml(&draft);
        match (&draft.label, file::parse(&text, Path::new("x"))) {
            (Label::Clear(_), Ok(protocol)) => {
                let used: Vec<FieldSpec> = draft.fields.iter().filter(|f| f.is_used()).map(|f| f.spec.clone()).collect();
                let read: Vec<_> = protocol.fields.iter().map(|f| (f.kind, f.sources())).collect();
                prop_assert_eq!(read, used.iter().map(|f| (f.kind, f.sources())).collect::<Vec<_>>());
                // Few rows may leave a part of the split without any.
                if let Err(error) = crate::data::encode::encode(&table, &protocol) {
                    prop_assert!(error.to_string().contains("training row"), "{}\n{}", error, text);
                }
            }
            (Label::Open { .. }, Err(error)) => {
                prop_assert!(error.to_string().contains("there is no [label]"), "{}\n{}", error, text);
            }
            (label, parsed) => prop_assert!(false, "{:?} {:?}\n{}", label, parsed, text),
        }
    }
}
