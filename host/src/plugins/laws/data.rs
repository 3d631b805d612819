//! Generated batches: the same for the same seed.

use std::ops::Range;

use driftline_rules::plugin::{Batch, Binding, Column, ColumnData, ColumnType, Texts};

/// Xorshift: enough chance for test data.
pub(super) struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.below(2);
        dice
    }

    /// A number below `n`, or 0.
    pub fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % u64::from(n.max(1))) as u32
    }

    fn share(&mut self) -> f64 {
        f64::from(self.below(1 << 30)) / f64::from(1 << 30)
    }
}

const WORDS: [&str; 8] =
    ["refund", "Wo ist mein Paket?", "", "I cannot help with that.", "billing", "{\"a\": 1}", "日本語", "x"];
const DOCUMENTS: [&str; 6] = ["{\"a\":1}", "[1,2,3]", "\"text\"", "null", "3.5", "{\"deep\":{\"er\":[true]}}"];
const DIMENSION: u32 = 4;

/// Rows of the bindings' types; one value in eight is missing.
pub(super) fn batch(columns: &[Binding], rows: u32, dice: &mut Dice) -> Batch {
    let columns = columns.iter().map(|it| {
        let data = data(it.column_type, rows, dice);
        let validity = (dice.below(2) == 0).then(|| bits(rows, |_| dice.below(8) > 0));
        Column { data, validity }
    });
    Batch { rows, columns: columns.collect() }
}

fn data(column_type: ColumnType, rows: u32, dice: &mut Dice) -> ColumnData {
    let n = 0..rows;
    match column_type {
        ColumnType::Number => ColumnData::Numbers(n.map(|_| number(dice)).collect()),
        ColumnType::Integer => ColumnData::Integers(n.map(|_| i64::from(dice.below(200)) - 100).collect()),
        ColumnType::Boolean => ColumnData::Booleans(bits(rows, |_| dice.below(2) == 1)),
        ColumnType::Text => ColumnData::Texts(texts(n.map(|_| WORDS[dice.below(8) as usize]))),
        ColumnType::Category => ColumnData::Categories {
            codes: n.map(|_| dice.below(3)).collect(),
            dictionary: ["refund", "billing", "other"].map(str::to_owned).to_vec(),
        },
        ColumnType::Timestamp => {
            let start = 1_767_225_600_000_000_i64;
            ColumnData::Timestamps(n.map(|_| start + i64::from(dice.below(86_400)) * 1_000_000).collect())
        }
        ColumnType::Vector => {
            let values = (0..rows * DIMENSION).map(|_| dice.share() as f32 - 0.5).collect();
            ColumnData::Vectors { dimension: DIMENSION, values }
        }
        ColumnType::Json => ColumnData::Json(texts(n.map(|_| DOCUMENTS[dice.below(6) as usize]))),
    }
}

/// Mostly shares, as scores are; now and then something of another size.
fn number(dice: &mut Dice) -> f64 {
    match dice.below(10) {
        0 => (dice.share() - 0.5) * 2_000.0,
        1 => f64::from(dice.below(3)),
        _ => dice.share(),
    }
}

fn bits(rows: u32, mut bit: impl FnMut(u32) -> bool) -> Vec<u8> {
    let mut bytes = vec![0; rows.div_ceil(8) as usize];
    for row in 0..rows {
        bytes[row as usize / 8] |= u8::from(bit(row)) << (row % 8);
    }
    bytes
}

fn texts<'a>(them: impl Iterator<Item = &'a str>) -> Texts {
    let mut found = Texts { offsets: vec![0], data: String::new() };
    for it in them {
        found.data.push_str(it);
        found.offsets.push(found.data.len() as u32);
    }
    found
}

/// Some rows of a batch. `range` lies within it.
pub(super) fn slice(batch: &Batch, range: Range<u32>) -> Batch {
    let (from, to) = (range.start as usize, range.end as usize);
    let rows = range.end - range.start;
    let cut_bits =
        |it: &[u8]| bits(rows, |row| it[(row + range.start) as usize / 8] & (1 << ((row + range.start) % 8)) != 0);
    let cut_texts =
        |it: &Texts| texts((from..to).map(|row| &it.data[it.offsets[row] as usize..it.offsets[row + 1] as usize]));
    let columns = batch.columns.iter().map(|it| Column {
        validity: it.validity.as_deref().map(cut_bits),
        data: match &it.data {
            ColumnData::Numbers(it) => ColumnData::Numbers(it[from..to].to_vec()),
            ColumnData::Integers(it) => ColumnData::Integers(it[from..to].to_vec()),
            ColumnData::Timestamps(it) => ColumnData::Timestamps(it[from..to].to_vec()),
            ColumnData::Booleans(it) => ColumnData::Booleans(cut_bits(it)),
            ColumnData::Texts(it) => ColumnData::Texts(cut_texts(it)),
            ColumnData::Json(it) => ColumnData::Json(cut_texts(it)),
            ColumnData::Categories { codes, dictionary } => {
                ColumnData::Categories { codes: codes[from..to].to_vec(), dictionary: dictionary.clone() }
            }
            ColumnData::Vectors { dimension, values } => {
                let n = *dimension as usize;
                ColumnData::Vectors { dimension: *dimension, values: values[from * n..to * n].to_vec() }
            }
        },
    });
    Batch { rows, columns: columns.collect() }
}
