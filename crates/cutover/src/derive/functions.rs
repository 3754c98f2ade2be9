//! Which functions look at more than one row.

/// Whether a call aggregates: `min` and `max` do with one argument only
/// (<https://www.sqlite.org/lang_aggfunc.html>).
pub(crate) fn is_aggregate(name: &str, args: usize) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "min" | "max" => args == 1,
        "avg" | "count" | "group_concat" | "sum" | "total" | "json_group_array"
        | "json_group_object" => true,
        _ => false,
    }
}
