//! Whether the rows give keys that their columns store as values of another type.

use crate::backend::sqlite::Db;
use crate::derive::derived::{Part, Place, derived};
use crate::derive::sql::{ident, join};
use crate::derive::target::{Target, keys_to_ask};
use crate::error::Result;
use crate::model::build::Model;
use crate::report::Problem;

/// The first such key of a target whose sources are in `place`.
pub(crate) fn converted_key(
    db: &Db,
    model: &Model,
    target: &Target,
    place: Place,
) -> Result<Option<Problem>> {
    let keys = keys_to_ask(target, &model.catalog);
    if keys.is_empty() {
        return Ok(None);
    }
    let converted = join(&keys, " OR ", |(name, affinity)| {
        let value = format!("d.{}", ident(name));
        if affinity.is_text() {
            format!("typeof({value}) IN ('integer', 'real')")
        } else {
            // A text that is no number stays one.
            format!("(typeof({value}) = 'text' AND CAST({value} AS NUMERIC) = {value})")
        }
    });
    let sql = format!(
        "SELECT {} FROM ({}) AS d WHERE {converted} LIMIT 1",
        join(&keys, ", ", |(name, _)| format!("quote(d.{})", ident(name))),
        derived(target, place, Part::All)
    );
    let shown = |row: &crate::backend::sqlite::Row<'_>| {
        (0..keys.len()).map(|n| row.get::<String>(n)).collect::<std::result::Result<Vec<_>, _>>()
    };
    let found = db.rows("looking at the keys that a mapping gives", &sql, &[], shown)?;
    Ok(found.first().map(|values| {
        let (table, pairs) = (&target.table.known_as, keys.iter().zip(values));
        let pairs: Vec<_> = pairs.collect();
        Problem::on_line(
            target.line,
            format!(
                "the mapping gives {} for the key of {table}, which would store it as another type",
                join(&pairs, ", ", |((name, _), value)| format!("{name} = {value}"))
            ),
            format!(
                "write {} in the SELECT",
                join(&keys, " and ", |(name, _)| {
                    let declared =
                        target.column(name).map_or("", |column| column.declared.as_str());
                    format!("CAST(… AS {declared}) for {name}")
                })
            ),
        )
    }))
}
