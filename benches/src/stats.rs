//! Medians and percentiles.

/// The value below which `share` of the sorted values lie.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position in a slice"
    )]
    let position = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(position).copied().unwrap_or_default()
}

/// The middle value.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}
