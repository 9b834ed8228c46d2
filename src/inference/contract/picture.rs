//! How a detector from the user's own file is fed: the whole picture, and which of its classes count.

use serde::{Deserialize, Serialize};

use super::{Channels, Element, Layout};

/// Largest side of a network's input, pixels.
const MAX_SIDE: usize = 4096;

/// The whole picture as a network wants it: each value is (code − mean) / std.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureContract {
    /// The input's name.
    pub name: String,
    /// Order of the dimensions; a batch is 1.
    pub layout: Layout,
    /// Type of the values.
    pub element: Element,
    /// Width, pixels; the largest one where `fit` leaves the size open.
    pub width: usize,
    /// Height, pixels; the largest one where `fit` leaves the size open.
    pub height: usize,
    /// Order of the colours.
    pub channels: Channels,
    /// Subtracted from the 8-bit code, in the order of `channels`.
    pub mean: [f32; 3],
    /// Divides what is left, in the order of `channels`.
    pub std: [f32; 3],
    /// How a picture of another shape is brought to that size.
    pub fit: Fit,
    /// Code of the padding.
    pub pad: u8,
}

/// How a picture is brought to a network's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Resized to fit, in the top-left corner, the rest padded.
    TopLeft,
    /// Resized to fit, in the middle, the rest padded.
    Center,
    /// Resized to the network's own shape.
    Stretch,
    /// Resized to fit and not padded: the network takes any size.
    Scale,
    /// As `Scale`, but a smaller picture stays as it is.
    Shrink,
}

impl Fit {
    /// Whether the network's input has another size for a picture of another shape.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scale | Self::Shrink)
    }
}

/// What a network can tell apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// Number of them, with the background where it counts as one.
    pub count: usize,
    /// Which of them is a person.
    pub person: usize,
    /// Their names, where the network's file has them; else COCO's by their number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl PictureContract {
    pub(super) fn check(&self) -> Result<(), String> {
        if ![self.width, self.height].iter().all(|side| (1..=MAX_SIDE).contains(side)) {
            return Err(format!("an input of {} × {} pixels", self.width, self.height));
        }
        super::check_values(self.element, &self.mean, &self.std)
    }
}

impl Classes {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.person < self.count && (self.names.is_empty() || self.names.len() == self.count) {
            return Ok(());
        }
        Err(format!("person is class {} of {} with {} names", self.person, self.count, self.names.len()))
    }

    /// The class with a name, or with a number as its name; case does not count.
    pub fn find(&self, name: &str) -> Option<usize> {
        let own = self.names.iter().position(|own| own.eq_ignore_ascii_case(name));
        let coco = || {
            let place = COCO_NAMES.iter().position(|(_, known)| known.eq_ignore_ascii_case(name))?;
            // Networks that count with COCO's own numbers have 90 or 91 classes, person 1.
            let index =
                if self.count == COCO_NAMES.len() { place } else { usize::from(COCO_NAMES.get(place)?.0) };
            (self.names.is_empty() && self.is_coco()).then_some(index)
        };
        own.or_else(coco).or_else(|| name.parse().ok()).filter(|&class| class < self.count)
    }

    fn is_coco(&self) -> bool {
        matches!((self.count, self.person), (80, 0) | (90 | 91, 1))
    }
}

/// COCO's classes with their numbers in its annotations, in the order in which networks with 80 classes count them.
const COCO_NAMES: [(u8, &str); 80] = [
    (1, "person"),
    (2, "bicycle"),
    (3, "car"),
    (4, "motorcycle"),
    (5, "airplane"),
    (6, "bus"),
    (7, "train"),
    (8, "truck"),
    (9, "boat"),
    (10, "traffic light"),
    (11, "fire hydrant"),
    (13, "stop sign"),
    (14, "parking meter"),
    (15, "bench"),
    (16, "bird"),
    (17, "cat"),
    (18, "dog"),
    (19, "horse"),
    (20, "sheep"),
    (21, "cow"),
    (22, "elephant"),
    (23, "bear"),
    (24, "zebra"),
    (25, "giraffe"),
    (27, "backpack"),
    (28, "umbrella"),
    (31, "handbag"),
    (32, "tie"),
    (33, "suitcase"),
    (34, "frisbee"),
    (35, "skis"),
    (36, "snowboard"),
    (37, "sports ball"),
    (38, "kite"),
    (39, "baseball bat"),
    (40, "baseball glove"),
    (41, "skateboard"),
    (42, "surfboard"),
    (43, "tennis racket"),
    (44, "bottle"),
    (46, "wine glass"),
    (47, "cup"),
    (48, "fork"),
    (49, "knife"),
    (50, "spoon"),
    (51, "bowl"),
    (52, "banana"),
    (53, "apple"),
    (54, "sandwich"),
    (55, "orange"),
    (56, "broccoli"),
    (57, "carrot"),
    (58, "hot dog"),
    (59, "pizza"),
    (60, "donut"),
    (61, "cake"),
    (62, "chair"),
    (63, "couch"),
    (64, "potted plant"),
    (65, "bed"),
    (67, "dining table"),
    (70, "toilet"),
    (72, "tv"),
    (73, "laptop"),
    (74, "mouse"),
    (75, "remote"),
    (76, "keyboard"),
    (77, "cell phone"),
    (78, "microwave"),
    (79, "oven"),
    (80, "toaster"),
    (81, "sink"),
    (82, "refrigerator"),
    (84, "book"),
    (85, "clock"),
    (86, "vase"),
    (87, "scissors"),
    (88, "teddy bear"),
    (89, "hair drier"),
    (90, "toothbrush"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(count: usize, person: usize, names: &[&str]) -> Classes {
        Classes { count, person, names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn classes_are_found_by_their_own_names_by_cocos_and_by_number() {
        assert_eq!(classes(80, 0, &[]).find("Snowboard"), Some(31));
        assert_eq!(classes(91, 1, &[]).find("snowboard"), Some(36));
        assert_eq!(classes(2, 0, &["rider", "snowboard"]).find("snowboard"), Some(1));
        assert_eq!(classes(2, 0, &["rider", "board"]).find("snowboard"), None);
        assert_eq!(classes(3, 0, &[]).find("snowboard"), None, "not COCO's classes");
        assert_eq!(classes(3, 0, &[]).find("2"), Some(2));
        assert_eq!(classes(3, 0, &[]).find("3"), None);
    }
}
