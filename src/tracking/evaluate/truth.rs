//! Reading who really is where: MOTChallenge's text format, or the truth of a rendered demo clip.

use serde::Deserialize;

use super::{Placed, Sequence};
use crate::types::BBox;

/// A truth that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TruthError {
    /// A line of the MOT format is not one.
    #[error(
        "line {line} is not in the MOT format (frame,id,left,top,width,height,…): {why}; a truth is such a text file or \
         the .truth.json of a demo clip"
    )]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A demo truth is not one.
    #[error("this is not the truth of a demo clip: {0}")]
    Demo(String),
}

/// Reads a truth in either format.
///
/// MOT: one box a line, frames and pixels counted from 1; lines that the format marks as not to be considered (seventh
/// number 0) and those of other classes than people (eighth number above 1) are left out.
///
/// # Errors
/// Where the text is neither.
pub fn read_truth(text: &str) -> Result<Sequence, TruthError> {
    if text.trim_start().starts_with('{') { demo(text) } else { mot(text) }
}

#[derive(Deserialize)]
struct DemoTruth {
    frames: Vec<DemoFrame>,
}

#[derive(Deserialize)]
struct DemoFrame {
    /// Left, top, right, bottom, picture pixels.
    bbox: [f32; 4],
}

fn demo(text: &str) -> Result<Sequence, TruthError> {
    let truth: DemoTruth = serde_json::from_str(text).map_err(|e| TruthError::Demo(e.to_string()))?;
    let rider = |[left, top, right, bottom]: [f32; 4]| {
        vec![Placed { id: 1, bbox: BBox::new(left, top, right, bottom) }]
    };
    Ok((0..).zip(truth.frames.into_iter().map(|frame| rider(frame.bbox))).collect())
}

fn mot(text: &str) -> Result<Sequence, TruthError> {
    let mut sequence = Sequence::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if let Some((frame, placed)) =
            mot_line(line).map_err(|why| TruthError::Line { line: index + 1, why })?
        {
            sequence.entry(frame).or_default().push(placed);
        }
    }
    Ok(sequence)
}

fn mot_line(line: &str) -> Result<Option<(u64, Placed)>, String> {
    let numbers = line
        .split(',')
        .map(|field| field.trim().parse::<f64>().map_err(|_| format!("'{}' is no number", field.trim())))
        .collect::<Result<Vec<_>, _>>()?;
    let [frame, id, left, top, width, height, rest @ ..] = numbers.as_slice() else {
        return Err(format!("{} numbers instead of at least 6", numbers.len()));
    };
    let whole = |number: f64| number.fract() == 0.0 && (0.0..=9e15).contains(&number);
    if !whole(*frame) || *frame < 1.0 || !whole(*id) {
        return Err("frames count from 1 and ids from 0".into());
    }
    if rest.first() == Some(&0.0) || rest.get(1).is_some_and(|class| *class > 1.0) {
        return Ok(None);
    }
    let (left, top) = (left - 1.0, top - 1.0);
    let bbox = BBox::new(left as f32, top as f32, (left + width) as f32, (top + height) as f32);
    if !bbox.is_valid() {
        return Err("the box has no area".into());
    }
    Ok(Some((*frame as u64 - 1, Placed { id: *id as u64, bbox })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mot_counts_from_one_and_leaves_out_what_is_not_considered() {
        let text = "1,3,11,21,30,40,1,1,0.9\n\n1, 4, 1,1,5,5,0,1,1\n1,5,1,1,5,5,1,7,1\n3,3,12.5,21,30,40,-1,-1,-1,-1\n";
        let truth = read_truth(text).unwrap();
        assert_eq!(truth.keys().copied().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(truth[&0], [Placed { id: 3, bbox: BBox::new(10.0, 20.0, 40.0, 60.0) }]);
        assert_eq!(truth[&2][0].bbox.min.x, 11.5);
    }

    #[test]
    fn a_demo_truth_is_one_rider_from_the_first_frame_on() {
        let text =
            r#" {"about": "x", "frames": [{"pts_s": 0, "bbox": [1, 2, 3, 4]}, {"bbox": [2, 2, 4, 4]}]}"#;
        let truth = read_truth(text).unwrap();
        assert_eq!(truth[&1], [Placed { id: 1, bbox: BBox::new(2.0, 2.0, 4.0, 4.0) }]);
        assert_eq!(truth.len(), 2);
    }

    #[test]
    fn what_is_neither_is_refused_with_its_line() {
        for (text, line) in [
            ("1,1,1,1,5,5\nhello", 2),
            ("1,1,1,1,5", 1),
            ("0,1,1,1,5,5", 1),
            ("1.5,1,1,1,5,5", 1),
            ("1,1,1,1,-5,5", 1),
            ("1,1,nan,1,5,5", 1),
        ] {
            assert!(matches!(read_truth(text), Err(TruthError::Line { line: l, .. }) if l == line), "{text}");
        }
        assert!(matches!(read_truth("{}"), Err(TruthError::Demo(_))));
    }
}
