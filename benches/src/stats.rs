//! Medians and percentiles.

/// The value below which `share` of the sorted values lie.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
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
pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}

/// The middle of the ratios of values that were measured side by side. What slowed
/// both for a while, on a shared machine, is not in it.
pub fn median_ratio(values: &[f64], others: &[f64]) -> f64 {
    let mut ratios: Vec<f64> = values.iter().zip(others).map(|(a, b)| a / b).collect();
    median(&mut ratios)
}
