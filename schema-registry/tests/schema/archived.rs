//! A decoder reads a row that lies in a block as it reads the row itself.

use proptest::prelude::*;
use selfsame_record::{Block, Body, Event, Record, Row, RowRead};
use selfsame_schema::{Decoder, EventShape};
use serde_json::Value;

use crate::common::{chain, v};
use crate::model::{Dice, Model, document, object};

/// Keys that schemas name too, and one that none names.
const STRANGERS: [&str; 5] = ["a", "b", "", "0", "x1"];

/// A block with one event for each row.
fn packed(rows: &[Row]) -> Block {
    let event = |row: &Row| Event {
        event_type: "t".to_owned(),
        key: "k".to_owned(),
        source: "s".to_owned(),
        id: "1".to_owned(),
        version: 1,
        occurred_us: None,
        fingerprint: [0; 16],
        tray: None,
        attributes: Vec::new(),
        row: row.clone(),
    };
    let record = |(position, row)| Record {
        position,
        time_us: 0,
        principal: "p".to_owned(),
        body: Body::Event(event(row)),
    };
    Block::pack(&(1..).zip(rows).map(record).collect())
}

/// Everything that a decoder, and the writer's own shape, say of a row.
fn said<R: RowRead>(writer: &EventShape, decoder: &Decoder, row: &R) -> Vec<String> {
    let mut said = vec![writer.write_json(row)];
    let decoded = match decoder.decode(row) {
        Ok(decoded) => decoded,
        Err(error) => return [said, vec![format!("{error:?}")]].concat(),
    };
    said.push(decoded.to_json());
    for slot in (0..).take(decoder.reader().slots().len() + 1) {
        said.push(format!("{slot} {:?} {:?}", decoded.get(slot), decoded.json_at(slot)));
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_row_in_a_block_reads_as_the_row_itself(rolls in prop::collection::vec(any::<u16>(), 0..160)) {
        let mut dice = Dice::new(rolls);
        let first = object(&mut dice, 2);
        let model = Model::draw(&mut dice, &first, &["add", "remove", "rename", "move"]);
        let Ok(registry) = chain(&first, &[(Value::from(model.ops.clone()), model.schema.clone())]) else {
            return Err(TestCaseError::reject("refused"));
        };
        for (writer, reader, schema) in [(1, 2, &first), (2, 1, &model.schema), (1, 1, &first)] {
            let shape = registry.version(v(writer)).unwrap().event("t").unwrap();
            let decoder = registry.decoder(v(writer), v(reader), "t").unwrap();
            let documents = [(); 3].map(|()| document(&mut dice, schema, &STRANGERS));
            let rows = documents.map(|json| shape.read(json.as_bytes()).unwrap());
            let block = packed(&rows);
            let view = Block::view(block.as_bytes()).unwrap();
            prop_assert_eq!(view.records().len(), rows.len());
            for (record, row) in view.records().iter().zip(&rows) {
                let archived = &record.event().unwrap().row;
                prop_assert_eq!(said(shape, &decoder, archived), said(shape, &decoder, row));
            }
        }
    }
}
