use std::path::Path;
use std::sync::Arc;

use arrow_array::ArrowPrimitiveType;
use arrow_array::types::{Float16Type, Int16Type, Int32Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, Decimal256Array, DictionaryArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float16Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeListArray, LargeStringArray, ListArray, MapArray, NullArray, RecordBatch, StringArray,
    StringViewArray, StructArray, Time32SecondArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
use arrow_schema::Field;
use driftline_rules::time::Time;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use rust_decimal::Decimal;
use tempfile::TempDir;

use super::*;
use crate::files::{Input, Options, Source};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, rows_in_group: usize) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, it)| (name, it, true)))
        .expect("columns of one length");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_in_group)).build();
    let file = File::create(path).expect("a new file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a schema that Parquet has");
    writer.write(&batch).expect("it is written");
    writer.close().expect("it is written");
}

/// Row and cells of every record, and the faults.
fn read(
    inputs: Vec<Input>,
    wanted: &[(String, Option<Type>)],
    chunk_rows: usize,
) -> (Vec<(u64, Vec<Value<'static>>)>, Vec<Fault>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for chunk in Source::new(inputs, Options { chunk_rows, ..Options::default() }) {
        let chunk = match chunk {
            Ok(it) => it,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let plan = ParquetPlan::new(&chunk.file, wanted);
        let n_before = rows.len();
        for batch in plan.batches(&chunk).expect("the file is there") {
            let batch = batch.expect("the file is whole");
            let mut columns = plan.columns(&batch);
            let mut cells = Vec::new();
            for i in 0..batch.n_rows() {
                columns.fill_row(i, &mut cells);
                rows.push((batch.first_row + i as u64, cells.iter().map(Value::to_owned).collect()));
            }
        }
        assert_eq!((rows.len() - n_before) as u64, chunk.rows);
    }
    (rows, faults)
}

fn wanted(names: &[&str]) -> Vec<(String, Option<Type>)> {
    names.iter().map(|it| ((*it).to_owned(), None)).collect()
}

fn time(text: &str) -> Value<'static> {
    Time::parse(text).map(Value::Time).expect("a time")
}

/// An array of a value and a null, and what the value must become.
fn every_type() -> Vec<(ArrayRef, Value<'static>)> {
    let half = <Float16Type as ArrowPrimitiveType>::Native::from_f32;
    let list = vec![Some(vec![Some(1), None]), None];
    let one_two = Value::List(vec![Value::Int(1), Value::Null]);
    let member = Arc::new(Field::new("city", DataType::Utf8, true));
    let city: ArrayRef = Arc::new(StringArray::from(vec![Some("Ulm"), None]));
    let structure = StructArray::new(vec![member].into(), vec![city], Some(NullBuffer::from(vec![true, false])));
    let entries = StructArray::from(vec![
        (Arc::new(Field::new("key", DataType::Utf8, false)), Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef),
        (
            Arc::new(Field::new("value", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef,
        ),
    ]);
    let map = MapArray::new(
        Arc::new(Field::new("entries", entries.data_type().clone(), false)),
        OffsetBuffer::new(vec![0, 2, 2].into()),
        entries,
        Some(NullBuffer::from(vec![true, false])),
        false,
    );
    let at = 1_714_566_600; // 2024-05-01T12:30:00Z
    let local = time("2024-05-01T12:30:00");
    let big = i256::from_i128(i128::MAX);
    vec![
        (Arc::new(NullArray::new(2)), Value::Null),
        (Arc::new(BooleanArray::from(vec![Some(true), None])), Value::Bool(true)),
        (Arc::new(Int8Array::from(vec![Some(-8), None])), Value::Int(-8)),
        (Arc::new(Int16Array::from(vec![Some(-16), None])), Value::Int(-16)),
        (Arc::new(Int32Array::from(vec![Some(-32), None])), Value::Int(-32)),
        (Arc::new(Int64Array::from(vec![Some(i64::MIN), None])), Value::Int(i64::MIN)),
        (Arc::new(UInt8Array::from(vec![Some(8), None])), Value::Int(8)),
        (Arc::new(UInt16Array::from(vec![Some(16), None])), Value::Int(16)),
        (Arc::new(UInt32Array::from(vec![Some(u32::MAX), None])), Value::Int(u32::MAX.into())),
        (Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])), Value::Big(u64::MAX)),
        (Arc::new(Float16Array::from(vec![Some(half(1.5)), None])), Value::Num(1.5)),
        (Arc::new(Float32Array::from(vec![Some(0.5), None])), Value::Num(0.5)),
        (Arc::new(Float64Array::from(vec![Some(f64::INFINITY), None])), Value::Num(f64::INFINITY)),
        (Arc::new(StringArray::from(vec![Some("é"), None])), Value::text("é")),
        (Arc::new(LargeStringArray::from(vec![Some(""), None])), Value::text("")),
        (
            Arc::new(StringViewArray::from(vec![Some("longer than twelve bytes"), None])),
            Value::text("longer than twelve bytes"),
        ),
        (Arc::new(DictionaryArray::<Int16Type>::from_iter([Some("red"), None])), Value::text("red")),
        (Arc::new(BinaryArray::from(vec![Some(b"text".as_slice()), None])), Value::text("text")),
        (
            Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size([Some([0xff_u8, 0x0a]), None].into_iter(), 2)
                    .expect("values of two bytes"),
            ),
            Value::text("ff0a"),
        ),
        (
            Arc::new(
                Decimal128Array::from(vec![Some(-12345), None]).with_precision_and_scale(9, 2).expect("a decimal"),
            ),
            Value::Dec(Decimal::new(-12345, 2)),
        ),
        (
            Arc::new(Decimal256Array::from(vec![Some(big), None]).with_precision_and_scale(76, 0).expect("a decimal")),
            Value::Num(1.701_411_834_604_692_3e38),
        ),
        (Arc::new(Date32Array::from(vec![Some(-1), None])), time("1969-12-31")),
        (Arc::new(Date64Array::from(vec![Some(86_400_000), None])), time("1970-01-02")),
        (Arc::new(TimestampSecondArray::from(vec![Some(at), None])), local.clone()),
        (Arc::new(TimestampMillisecondArray::from(vec![Some(at * 1_000), None])), local.clone()),
        (Arc::new(TimestampMicrosecondArray::from(vec![Some(at * 1_000_000), None])), local),
        (
            Arc::new(TimestampNanosecondArray::from(vec![Some(at * 1_000_000_000), None]).with_timezone("+02:00")),
            time("2024-05-01T14:30:00+02:00"),
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![Some(at * 1_000_000), None]).with_timezone("UTC")),
            time("2024-05-01T12:30:00Z"),
        ),
        (Arc::new(Time32SecondArray::from(vec![Some(3_661), None])), Value::text("01:01:01")),
        (Arc::new(Time64MicrosecondArray::from(vec![Some(250_000), None])), Value::text("00:00:00.250000")),
        (Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(list.clone())), one_two.clone()),
        (Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(list.clone())), one_two.clone()),
        (Arc::new(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(list, 2)), one_two),
        (Arc::new(structure), Value::Map(vec![("city".into(), Value::text("Ulm"))])),
        (Arc::new(map), Value::Map(vec![("a".into(), Value::Int(1)), ("b".into(), Value::Null)])),
    ]
}

#[test]
fn every_arrow_type_becomes_its_value() {
    let folder = folder();
    for (i, (array, expected)) in every_type().into_iter().enumerate() {
        let kind = array.data_type().clone();
        let path = folder.path().join(format!("{i}.parquet"));
        write(&path, vec![("it", array)], 10);
        let (rows, faults) = read(vec![Input::File(path)], &wanted(&["it", "none"]), 10);
        let expected = [(0, vec![expected, Value::Missing]), (1, vec![Value::Null, Value::Missing])];
        assert_eq!((rows, faults), (expected.to_vec(), vec![]), "{kind}");
    }
}

#[test]
fn a_path_goes_into_structs_and_a_literal_name_wins() {
    let folder = folder();
    let member = |array: ArrayRef, name: &str| (Arc::new(Field::new(name, array.data_type().clone(), true)), array);
    let city: ArrayRef = Arc::new(StringArray::from(vec![Some("Ulm"), Some("hidden"), None]));
    let street: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let (fields, arrays): (Vec<_>, Vec<_>) = [member(city, "city.name"), member(street, "b")].into_iter().unzip();
    let nulls = Some(NullBuffer::from(vec![true, false, true]));
    let user: ArrayRef = Arc::new(StructArray::new(fields.into(), arrays, nulls));
    let literal: ArrayRef = Arc::new(Int64Array::from(vec![7, 8, 9]));
    let path = folder.path().join("a.parquet");
    write(&path, vec![("user", user), ("user.b", literal)], 10);
    let (rows, _) = read(vec![Input::File(path)], &wanted(&["user.city.name", "user.b", "$.user.none"]), 10);
    let cells: Vec<_> = rows.into_iter().map(|it| it.1).collect();
    let row = |city, b| vec![city, Value::Int(b), Value::Missing];
    assert_eq!(cells, [row(Value::text("Ulm"), 7), row(Value::Null, 8), row(Value::Null, 9)]);
}

#[test]
fn ranges_of_any_size_compressed_or_not_give_the_same_rows() {
    let folder = folder();
    let path = folder.path().join("a.parquet");
    let numbers: Int64Array = (0..1_000).map(|i| (i % 7 != 0).then_some(i)).collect();
    let texts: StringArray = (0..1_000).map(|i| Some(format!("text {i}"))).collect();
    write(&path, vec![("n", Arc::new(numbers)), ("t", Arc::new(texts))], 300);
    let zipped = folder.path().join("a.parquet.zst");
    let bytes = std::fs::read(&path).expect("it was written");
    std::fs::write(&zipped, zstd::encode_all(bytes.as_slice(), 1).expect("memory takes it"))
        .expect("a file is written");
    let both = || vec![Input::File(path.clone()), Input::File(zipped.clone())];
    let declared = [("t".to_owned(), Some(Type::String)), ("n".to_owned(), Some(Type::Float))];
    let whole = read(both(), &declared, 1 << 20);
    assert_eq!(whole.0.len(), 2_000);
    assert_eq!(whole.0.get(1_008), Some(&(1_008, vec![Value::text("text 8"), Value::Num(8.0)])));
    for chunk_rows in [1, 7, 299, 300, 301] {
        assert_eq!(read(both(), &declared, chunk_rows), whole);
    }
}

#[test]
fn what_is_no_parquet_is_one_fault() {
    let folder = folder();
    let path = folder.path().join("a.parquet");
    std::fs::write(&path, b"PAR1 and nothing else").expect("a file is written");
    let (rows, faults) = read(vec![Input::File(path.clone())], &[], 10);
    assert_eq!((rows.len(), faults.len()), (0, 1));
    assert!(faults.iter().all(|it| it.file == path.display().to_string()));
}
