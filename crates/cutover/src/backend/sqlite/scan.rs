//! Walking over tables in the order of a key: where chunks end, which scopes there
//! are, and the digest of a table that should not change.

use crate::backend::sqlite::Db;
use crate::backend::sqlite::difference::Chunk;
use crate::backend::sqlite::value::Value;
use crate::derive::derived::{Place, SCOPES, scopes, scopes_within};
use crate::derive::source::Source;
use crate::derive::sql::{ident, idents, join};
use crate::derive::target::{Target, scope_columns};
use crate::error::Result;
use crate::schema::Table;

use rusqlite::types::ValueRef;

/// The key of the row `rows` after `after` in one table, if there are that many.
pub(crate) fn boundary(
    db: &Db,
    table: &str,
    key: &[String],
    after: Option<&[Value]>,
    rows: u64,
) -> Result<Option<Vec<Value>>> {
    let columns = idents("", key);
    let marks = (1..=key.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let condition = match (after, key.len()) {
        (None, _) => String::new(),
        // A single column takes no parentheses: a row of one is not a row value.
        (Some(_), 1) => format!("WHERE {columns} > {marks}"),
        (Some(_), _) => format!("WHERE ({columns}) > ({marks})"),
    };
    let sql = format!(
        "SELECT {columns} FROM {table} {condition} ORDER BY {columns} LIMIT 1 OFFSET {}",
        rows.saturating_sub(1)
    );
    let read = || -> rusqlite::Result<Option<Vec<Value>>> {
        let mut statement = db.conn().prepare_cached(&sql)?;
        for (position, value) in after.unwrap_or_default().iter().enumerate() {
            statement.raw_bind_parameter(position + 1, value)?;
        }
        let mut rows = statement.raw_query();
        rows.next()?.map(|row| (0..key.len()).map(|n| row.get(n)).collect()).transpose()
    };
    read().map_err(|source| db.error("finding the end of a chunk", source))
}

/// Lists every scope of a target in the temporary table, in order; gives how many.
pub(crate) fn list_scopes(db: &Db, target: &Target, place: Place) -> Result<i64> {
    let positions: Vec<usize> = (1..=target.scope.len()).collect();
    let order = join(&positions, ", ", ToString::to_string);
    fill_scopes(db, target, &format!("{} ORDER BY {order}", scopes(target, place)))
}

/// Lists the scopes of a part that is a range of keys; gives how many.
pub(crate) fn list_within(db: &Db, target: &Target, place: Place, chunk: &Chunk) -> Result<i64> {
    fill(db, target, &scopes_within(target, place, chunk.part()), &chunk.parameters())
}

/// Fills the temporary list of scopes from a query; gives how many there are.
pub(crate) fn fill_scopes(db: &Db, target: &Target, query: &str) -> Result<i64> {
    fill(db, target, query, &[])
}

fn fill(db: &Db, target: &Target, query: &str, parameters: &[(String, Value)]) -> Result<i64> {
    // Two that a column takes for the same are one: its rows would be found twice.
    let collations: Vec<&str> = target
        .scope
        .iter()
        .map(|name| target.column(name).map_or("BINARY", |column| column.collation.as_str()))
        .collect();
    let numbered = |each: &dyn Fn(usize, &str) -> String| {
        let parts: Vec<_> = collations.iter().enumerate().map(|(n, name)| each(n, name)).collect();
        parts.join(", ")
    };
    let defined = numbered(&|n, collation| format!("s{n} COLLATE {}", ident(collation)));
    let columns = numbered(&|n, _| format!("s{n}"));
    // Looked up by its values where the parts of a scope come from several leaves.
    let index = if target.sources.iter().any(Source::spans_leaves) {
        format!("CREATE INDEX {SCOPES}_by_value ON cutover_scopes ({columns});")
    } else {
        String::new()
    };
    let once = if collations.iter().all(|name| name.eq_ignore_ascii_case("BINARY")) {
        query.to_owned()
    } else {
        let keys = numbered(&|n, collation| format!("{} COLLATE {}", n + 1, ident(collation)));
        format!("SELECT * FROM ({query}) GROUP BY {keys}")
    };
    let doing = "listing scopes";
    let made = format!(
        "DROP TABLE IF EXISTS {SCOPES}; \
         CREATE TEMP TABLE cutover_scopes (n INTEGER PRIMARY KEY, {defined})"
    );
    db.batch(doing, &made)?;
    let insert = || -> rusqlite::Result<usize> {
        let mut insert = db.conn().prepare(&format!("INSERT INTO {SCOPES} ({columns}) {once}"))?;
        for (name, value) in parameters {
            if let Some(index) = insert.parameter_index(name)? {
                insert.raw_bind_parameter(index, value)?;
            }
        }
        insert.raw_execute()
    };
    insert().map_err(|source| db.error(doing, source))?;
    db.batch(doing, &index)?;
    db.row("listing scopes", &format!("SELECT ifnull(max(n), 0) FROM {SCOPES}"), |row| row.get(0))
}

/// The number of a scope in the temporary list; 0 if it is not there any more.
pub(crate) fn scope_number(db: &Db, scope: &[Value]) -> Result<i64> {
    let condition =
        (0..scope.len()).map(|n| format!("s{n} IS ?{}", n + 1)).collect::<Vec<_>>().join(" AND ");
    db.conn()
        .query_row(
            &format!("SELECT ifnull(max(n), 0) FROM {SCOPES} WHERE {condition}"),
            rusqlite::params_from_iter(scope),
            |row| row.get(0),
        )
        .map_err(|source| db.error("looking for a scope", source))
}

/// The scope with a number.
pub(crate) fn scope_at(db: &Db, number: i64, width: usize) -> Result<Vec<Value>> {
    db.conn()
        .query_row(&format!("SELECT * FROM {SCOPES} WHERE n = ?1"), [number], |row| {
            (1..=width).map(|n| row.get(n)).collect()
        })
        .map_err(|source| db.error("looking for a scope", source))
}

/// A chunk of the temporary list.
pub(crate) fn listed(from: i64, rows: u64, last: i64) -> Chunk {
    Chunk::Listed {
        from,
        to: (from + i64::try_from(rows).unwrap_or(i64::MAX).saturating_sub(1)).min(last),
    }
}

/// Rows and a hash over every stored value of a table, in the order of its rows.
/// `stop` is asked between chunks whether to give up. Short reads, so that the log
/// can be checkpointed meanwhile: a frozen table does not change between them.
pub(crate) fn digest(
    db: &Db,
    table: &Table,
    mut stop: impl FnMut() -> Result<()>,
) -> Result<(u64, String)> {
    let columns: Vec<&String> = table.stored_columns().map(|column| &column.name).collect();
    let (key, width) = match table.primary_key() {
        Some(key) if key.columns.iter().all(|part| table.never_null(part)) => {
            (idents("", &key.columns), key.columns.len())
        }
        _ => (table.rowid().to_owned(), 1),
    };
    let marks = (1..=width).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let list = idents("", &columns);
    let name = ident(&table.name);
    let first = format!("SELECT {list}, {key} FROM {name} ORDER BY {key} LIMIT {DIGEST_ROWS}");
    let next = if width == 1 {
        format!(
            "SELECT {list}, {key} FROM {name} WHERE {key} > {marks} ORDER BY {key} LIMIT {DIGEST_ROWS}"
        )
    } else {
        format!(
            "SELECT {list}, {key} FROM {name} WHERE ({key}) > ({marks}) ORDER BY {key} LIMIT {DIGEST_ROWS}"
        )
    };
    let failed = |source| db.error("reading a frozen table", source);
    let mut hasher = blake3::Hasher::new();
    let mut count = 0;
    let mut after: Vec<Value> = Vec::new();
    loop {
        let sql = if after.is_empty() { &first } else { &next };
        let mut statement = db.conn().prepare_cached(sql).map_err(failed)?;
        for (position, value) in after.iter().enumerate() {
            statement.raw_bind_parameter(position + 1, value).map_err(failed)?;
        }
        let mut rows = statement.raw_query();
        let mut read = 0;
        while let Some(row) = rows.next().map_err(failed)? {
            for position in 0..columns.len() {
                feed(&mut hasher, row.get_ref(position).map_err(failed)?);
            }
            after = (0..width)
                .map(|n| row.get(columns.len() + n))
                .collect::<rusqlite::Result<_>>()
                .map_err(failed)?;
            read += 1;
        }
        count += read;
        if read < DIGEST_ROWS {
            return Ok((count, hasher.finalize().to_hex().to_string()));
        }
        stop()?;
    }
}

/// Rows of a frozen table read at one go.
const DIGEST_ROWS: u64 = 2_000;

/// Class and length before the bytes, so that no two rows feed alike.
fn feed(hasher: &mut blake3::Hasher, value: ValueRef<'_>) {
    let (class, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(value) => {
            hasher.update(&[1]).update(&value.to_le_bytes());
            return;
        }
        ValueRef::Real(value) => {
            hasher.update(&[2]).update(&value.to_bits().to_le_bytes());
            return;
        }
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hasher.update(&[class]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}

/// The temporary list, filled with given scopes.
pub(crate) fn list(db: &Db, target: &Target, scopes: &[Vec<Value>]) -> Result<i64> {
    let columns = scope_columns(target);
    fill_scopes(
        db,
        target,
        &format!(
            "SELECT {} WHERE 0",
            columns.iter().map(|_| "NULL").collect::<Vec<_>>().join(", ")
        ),
    )?;
    let marks = (1..=columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
    let same = columns
        .iter()
        .enumerate()
        .map(|(n, c)| format!("{c} IS ?{}", n + 1))
        .collect::<Vec<_>>()
        .join(" AND ");
    let sql = format!(
        "INSERT INTO {SCOPES} ({}) SELECT {marks} WHERE NOT EXISTS (SELECT 1 FROM {SCOPES} WHERE {same})",
        columns.join(", ")
    );
    for scope in scopes {
        db.conn()
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(scope)))
            .map_err(|source| db.error("listing scopes", source))?;
    }
    db.row("listing scopes", &format!("SELECT ifnull(max(n), 0) FROM {SCOPES}"), |row| row.get(0))
}
