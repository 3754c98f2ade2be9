//! From the points of an hour to the columns of a chart. Pure.

use crate::monitor::poller::Point;

/// Seconds that a column may stand for. The last is an hour on some 70 columns.
const STEPS: [usize; 7] = [1, 2, 5, 10, 20, 30, 60];

/// A chart's columns, oldest first; absent where the database could not be read.
#[derive(Debug, PartialEq)]
pub(crate) struct Columns {
    /// The largest figure of each column.
    pub(crate) figures: Vec<Option<f64>>,
    /// Seconds that all of them stand for.
    pub(crate) seconds: usize,
}

impl Columns {
    /// The largest figure, if there is one.
    pub(crate) fn most(&self) -> Option<f64> {
        self.figures.iter().flatten().copied().reduce(f64::max)
    }

    /// How long that is, in words.
    pub(crate) fn span(&self) -> String {
        match self.seconds {
            seconds if seconds < 120 => format!("{seconds} s"),
            seconds => format!("{} min", seconds / 60),
        }
    }
}

/// What `figure` gives of the last points, on so many columns: a column a second while the
/// points fit, coarser later, so that the last minutes stay in sight. A column shows its
/// largest figure, so that no peak is hidden.
pub(crate) fn columns(
    points: &[Point],
    width: usize,
    figure: fn(&Point) -> Option<f64>,
) -> Columns {
    let width = width.max(1);
    let step = STEPS.into_iter().find(|step| step * width >= points.len()).unwrap_or(60);
    let points = &points[points.len().saturating_sub(step * width)..];
    // Whole columns from the oldest on would have every peak jump at each look.
    let first = points.len() % step;
    let (begun, whole) = points.split_at(first);
    let most = |points: &[Point]| points.iter().filter_map(figure).reduce(f64::max);
    let mut figures: Vec<_> = (!begun.is_empty()).then(|| most(begun)).into_iter().collect();
    figures.extend(whole.chunks(step).map(most));
    let figures = figures.split_off(figures.len().saturating_sub(width));
    let mut all = vec![None; width - figures.len()];
    all.extend(figures);
    Columns { figures: all, seconds: width * step }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(figures: &[Option<f64>]) -> Vec<Point> {
        let point = |figure: &Option<f64>| Point {
            at: String::new(),
            old_per_second: *figure,
            new_per_second: None,
            longest_stall_ms: None,
            rows_per_second: None,
            wal_bytes: 0,
        };
        figures.iter().map(point).collect()
    }

    #[test]
    fn the_newest_is_at_the_right_and_a_gap_is_no_zero() {
        let seen = columns(&points(&[Some(1.0), None, Some(3.0)]), 5, |p| p.old_per_second);
        assert_eq!(seen.figures, [None, None, Some(1.0), None, Some(3.0)]);
        assert_eq!((seen.seconds, seen.most()), (5, Some(3.0)));
    }

    #[test]
    fn no_peak_is_hidden_when_columns_grow_coarser() {
        let mut figures = vec![Some(1.0); 100];
        figures[37] = Some(9.0);
        let seen = columns(&points(&figures), 30, |p| p.old_per_second);
        assert_eq!((seen.figures.len(), seen.most()), (30, Some(9.0)));
        assert_eq!(seen.span(), "2 min");
    }

    #[test]
    fn any_width_and_any_number_of_points_will_do() {
        for count in [0, 1, 59, 3600] {
            for width in [0, 1, 7, 300] {
                let seen = columns(&points(&vec![Some(1.0); count]), width, |p| p.old_per_second);
                assert_eq!(seen.figures.len(), width.max(1));
            }
        }
    }
}
