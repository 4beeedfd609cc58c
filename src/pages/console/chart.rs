//! Charts over time: plain buckets in, shapes in a box of fixed units out. The stylesheet stretches the box.

use std::fmt::Write as _;

use super::parts::grouped;
use crate::pages::Claimed;

/// The height of the drawing, in units of its own.
const HEIGHT: u64 = 1_000;
/// The width of one bucket.
const BUCKET: u64 = 100;
/// What is left free beside a bar.
const GAP: u64 = 18;
/// Lines across the drawing, the ground line not counted.
const LINES: u64 = 2;

/// A chart, with its numbers as a table beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The id of its element, once on a page.
    pub id: &'static str,
    /// What it shows: "Registrations per day".
    pub title: String,
    /// How it is drawn.
    pub shape: Shape,
    /// What is counted, at most four things; bars stand on one another in this order.
    pub series: Vec<Series>,
    /// The buckets' names, in order: "3 May". Every series has as many values.
    pub buckets: Vec<String>,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Stacked bars: things that add up.
    Bars,
    /// Lines: things to compare.
    Lines,
}

/// One thing that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What.
    pub name: Claimed,
    /// Its numbers, one for each bucket.
    pub values: Vec<u64>,
}

/// A bar of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Its left edge.
    pub x: u64,
    /// Its upper edge.
    pub y: u64,
    /// Its width.
    pub width: u64,
    /// Its height.
    pub height: u64,
    /// Which series, counted from 1.
    pub tone: usize,
    /// What it says when one points at it.
    pub words: String,
}

impl Chart {
    /// The width of the drawing.
    pub fn width(&self) -> u64 {
        BUCKET * self.buckets.len().max(1) as u64
    }

    /// The height of the drawing.
    pub fn height(&self) -> u64 {
        HEIGHT
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.sum() == 0
    }

    /// Everything that was counted.
    pub fn sum(&self) -> u64 {
        self.series.iter().flat_map(|series| &series.values).sum()
    }

    /// The chart in a sentence, for those who do not see it.
    pub fn words(&self) -> String {
        let sums = self.series.iter().map(|series| {
            let sum = series.values.iter().sum();
            format!("{} {}", series.name, grouped(sum))
        });
        let most = self.most_at().map(|(count, at)| format!("; most, {}, at {}", grouped(count), self.bucket(at)));
        format!("{}: {}{}", self.title, sums.collect::<Vec<_>>().join(", "), most.unwrap_or_default())
    }

    /// The numbers at the lines, from the top: the highest, those between, 0.
    pub fn scale(&self) -> Vec<String> {
        let top = self.top();
        (0..=LINES).map(|line| grouped(top * (LINES - line) / LINES)).collect()
    }

    /// Where the lines across are drawn.
    pub fn lines(&self) -> Vec<u64> {
        (0..=LINES).map(|line| HEIGHT * line / LINES).collect()
    }

    /// The names below the drawing: the first, the middle, the last.
    pub fn names(&self) -> Vec<&str> {
        match self.buckets.len() {
            0 => Vec::new(),
            1 | 2 => self.buckets.iter().map(String::as_str).collect(),
            count => [0, count / 2, count - 1].map(|at| self.bucket(at)).to_vec(),
        }
    }

    /// The name of a bucket.
    pub fn bucket(&self, at: usize) -> &str {
        self.buckets.get(at).map(String::as_str).unwrap_or_default()
    }

    /// The number of a series in a bucket, as people read it.
    pub fn number(&self, series: &Series, at: usize) -> String {
        grouped(value(series, at))
    }

    /// The bars, each on those before it.
    pub fn bars(&self) -> Vec<Bar> {
        let top = self.top();
        let mut bars = Vec::new();
        for at in 0..self.buckets.len() {
            let mut below = 0;
            for (tone, series) in self.series.iter().enumerate() {
                let count = value(series, at);
                let (from, to) = (HEIGHT * below / top, HEIGHT * (below + count) / top);
                below += count;
                if count > 0 {
                    let words = format!("{}: {} {}", self.bucket(at), grouped(count), series.name);
                    // Something that happened once among thousands is still seen.
                    let height = (to - from).max(8);
                    let (x, y) = (BUCKET * at as u64 + GAP / 2, HEIGHT.saturating_sub(from + height));
                    bars.push(Bar { x, y, width: BUCKET - GAP, height, tone: tone + 1, words });
                }
            }
        }
        bars
    }

    /// The lines' points, a `points` attribute for each series.
    pub fn polylines(&self) -> Vec<String> {
        let top = self.top();
        let line = |series: &Series| {
            (0..self.buckets.len()).fold(String::new(), |mut points, at| {
                let (x, y) = (BUCKET * at as u64 + BUCKET / 2, HEIGHT - HEIGHT * value(series, at) / top);
                let _ = write!(points, "{}{x},{y}", if at == 0 { "" } else { " " });
                points
            })
        };
        self.series.iter().map(line).collect()
    }

    /// The number at the top: 2, 4, 10, 20, 40, 100 …, so that the middle is whole.
    fn top(&self) -> u64 {
        let most = match self.shape {
            Shape::Bars => self.most_at().map(|(count, _)| count),
            Shape::Lines => self.series.iter().flat_map(|series| series.values.iter().copied()).max(),
        };
        let most = most.unwrap_or_default().max(1);
        let mut unit: u64 = 1;
        loop {
            for step in [2, 4, 6, 10] {
                let top = unit.saturating_mul(step);
                if top >= most || top == u64::MAX {
                    return top;
                }
            }
            unit = unit.saturating_mul(10);
        }
    }

    /// The fullest bucket, with everything in it.
    fn most_at(&self) -> Option<(u64, usize)> {
        let full = |at| self.series.iter().map(|series| value(series, at)).sum::<u64>();
        (0..self.buckets.len()).map(|at| (full(at), at)).filter(|(count, _)| *count > 0).max_by_key(|(count, _)| *count)
    }
}

fn value(series: &Series, at: usize) -> u64 {
    series.values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(shape: Shape, values: &[&[u64]]) -> Chart {
        Chart {
            id: "chart",
            title: "Registrations per day".to_owned(),
            shape,
            series: values
                .iter()
                .enumerate()
                .map(|(at, values)| Series { name: format!("s{at}").into(), values: values.to_vec() })
                .collect(),
            buckets: (1..=values[0].len()).map(|day| format!("{day} May")).collect(),
        }
    }

    #[test]
    fn bars_stand_on_one_another() {
        let chart = chart(Shape::Bars, &[&[1, 0, 5], &[1, 0, 5]]);
        assert_eq!(chart.scale(), ["10", "5", "0"]);
        let bars = chart.bars();
        assert_eq!(bars.len(), 4, "what is 0 is not drawn");
        assert_eq!((bars[0].y, bars[0].height, bars[0].tone), (900, 100, 1));
        assert_eq!((bars[1].y, bars[1].height, bars[1].tone), (800, 100, 2));
        assert_eq!((bars[3].y, bars[3].height), (0, 500));
        assert!(bars.iter().all(|bar| bar.x + bar.width <= chart.width()));
        assert_eq!(bars[0].words, "1 May: 1 s0");
    }

    #[test]
    fn lines_are_measured_by_the_highest_alone() {
        let chart = chart(Shape::Lines, &[&[2, 1], &[0, 2]]);
        assert_eq!(chart.scale(), ["2", "1", "0"]);
        assert_eq!(chart.polylines(), ["50,0 150,500", "50,1000 150,0"]);
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let words = chart(Shape::Bars, &[&[1_000, 2], &[0, 1]]).words();
        assert_eq!(words, "Registrations per day: s0 1,002, s1 1; most, 1,000, at 1 May");
    }

    #[test]
    fn nothing_and_very_much_are_drawn_as_well() {
        let nothing = chart(Shape::Bars, &[&[0, 0]]);
        assert!(nothing.is_empty() && nothing.bars().is_empty());
        let much = chart(Shape::Bars, &[&[u64::MAX / 2_000, 1]]);
        assert_eq!(much.bars().len(), 2);
        assert!(much.bars()[1].height >= 8);
    }
}
