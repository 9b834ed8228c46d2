//! Apache Parquet: the table of [`super::table`] by columns, with types, Snappy-compressed. What is not known is null.
//! The file's key-value metadata holds the origin, and the provenance by rider as in the sidecar, both as JSON.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::dataset::Dataset;
use super::table::{self, Row};
use super::{angles, provenance_runs};

/// Rows held as columns at once: five minutes of one rider at 30 frames a second.
const GROUP_ROWS: usize = 8192;

/// Writes the table.
pub(super) fn write(data: &Dataset<'_>, out: &mut dyn Write) -> io::Result<()> {
    // The library wants a sink that may cross threads; the compressed file is a few bytes a number.
    let mut bytes = Vec::new();
    write_into(data, &mut bytes).map_err(io::Error::other)?;
    out.write_all(&bytes)
}

fn write_into(data: &Dataset<'_>, out: &mut Vec<u8>) -> Result<(), ParquetError> {
    let numbers = table::number_names();
    let json = |value: serde_json::Result<String>| value.map_err(|e| ParquetError::External(Box::new(e)));
    let metadata = vec![
        KeyValue::new("snowmesh.origin".into(), json(serde_json::to_string(data.origin))?),
        KeyValue::new("snowmesh.provenance".into(), json(serde_json::to_string(&provenance_runs(data)))?),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("{} version {}", data.origin.program, data.origin.version))
        .set_key_value_metadata(Some(metadata))
        .build();
    let mut writer = SerializedFileWriter::new(out, schema(&numbers)?, Arc::new(properties))?;
    let mut rows = table::rows(data);
    loop {
        let group: Vec<Row<'_>> = rows.by_ref().take(GROUP_ROWS).collect();
        if group.is_empty() {
            break;
        }
        let mut columns = writer.next_row_group()?;
        write_group(data, &group, numbers.len(), &mut columns)?;
        columns.close()?;
    }
    writer.close()?;
    Ok(())
}

/// The columns and their types, in the order of [`write_group`].
fn schema(numbers: &[String]) -> Result<Arc<Type>, ParquetError> {
    let column = |name: &str, physical, repetition| {
        let builder = Type::primitive_type_builder(name, physical).with_repetition(repetition);
        let is_text = physical == Physical::BYTE_ARRAY;
        builder.with_logical_type(is_text.then_some(LogicalType::String)).build().map(Arc::new)
    };
    let keys = [Physical::INT64, Physical::DOUBLE, Physical::INT64, Physical::BOOLEAN, Physical::BYTE_ARRAY];
    let mut fields = Vec::new();
    for (name, physical) in table::KEYS.into_iter().zip(keys) {
        fields.push(column(name, physical, Repetition::REQUIRED)?);
    }
    for name in numbers {
        fields.push(column(name, Physical::FLOAT, Repetition::OPTIONAL)?);
    }
    for name in angles::ANGLE_NAMES {
        fields.push(column(name, Physical::DOUBLE, Repetition::OPTIONAL)?);
    }
    for name in table::ORIGINS {
        fields.push(column(name, Physical::BYTE_ARRAY, Repetition::REQUIRED)?);
    }
    Ok(Arc::new(Type::group_type_builder("riders").with_fields(fields).build()?))
}

type Group<'a, 'b> = SerializedRowGroupWriter<'a, &'b mut Vec<u8>>;

fn write_group(
    data: &Dataset<'_>,
    rows: &[Row<'_>],
    numbers: usize,
    out: &mut Group<'_, '_>,
) -> Result<(), ParquetError> {
    let all = |of: &dyn Fn(&Row<'_>) -> i64| rows.iter().map(of).collect::<Vec<_>>();
    put::<Int64Type>(out, &all(&|row| i64::try_from(row.frame).unwrap_or(i64::MAX)), None)?;
    put::<DoubleType>(out, &rows.iter().map(|row| row.time_s).collect::<Vec<_>>(), None)?;
    put::<Int64Type>(out, &all(&|row| row.state.track.0.into()), None)?;
    put::<BoolType>(out, &rows.iter().map(|row| row.is_main).collect::<Vec<_>>(), None)?;
    let provenance = rows.iter().map(|row| ByteArray::from(row.state.provenance.name()));
    put::<ByteArrayType>(out, &provenance.collect::<Vec<_>>(), None)?;
    let mut columns = vec![Vec::with_capacity(rows.len()); numbers];
    for row in rows {
        columns.iter_mut().zip(row.numbers()).for_each(|(column, number)| column.push(number));
    }
    for column in &columns {
        put_known::<FloatType>(out, column)?;
    }
    let angles: Vec<_> = rows.iter().map(Row::angles).collect();
    for index in 0..angles::ANGLE_COUNT {
        put_known::<DoubleType>(out, &angles.iter().map(|row| row[index]).collect::<Vec<_>>())?;
    }
    for text in table::origins(data) {
        put::<ByteArrayType>(out, &vec![ByteArray::from(text.as_str()); rows.len()], None)?;
    }
    Ok(())
}

/// Writes the next column, with nulls where there is nothing.
fn put_known<T: DataType>(out: &mut Group<'_, '_>, cells: &[Option<T::T>]) -> Result<(), ParquetError>
where
    T::T: Clone,
{
    let known: Vec<T::T> = cells.iter().flatten().cloned().collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    put::<T>(out, &known, Some(&levels))
}

/// Writes the next column.
fn put<T: DataType>(
    out: &mut Group<'_, '_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column =
        out.next_column()?.ok_or_else(|| ParquetError::General("the schema has too few columns".into()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
