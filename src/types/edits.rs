//! What the user has changed about the tracks.
//!
//! A rider is named by where he is in some frame and not by a number, so that an edit still finds him when the clip
//! is analysed again and the numbers have changed.

use serde::{Deserialize, Serialize};

use super::geometry::BBox;

/// A rider, by where he is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiderAt {
    /// Frame index.
    pub frame: u64,
    /// His box there, picture pixels.
    pub bbox: BBox,
}

/// One change. Changes are made in order, each on what those before it left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum TrackEdit {
    /// Makes him the main rider of his shot.
    Main {
        /// Who.
        rider: RiderAt,
    },
    /// Makes two tracks one rider, under the first one's name.
    Merge {
        /// Who.
        rider: RiderAt,
        /// Who is the same rider.
        with: RiderAt,
    },
    /// Makes a track two riders.
    Split {
        /// Who.
        rider: RiderAt,
        /// First frame index of the second.
        from: u64,
    },
    /// Gives him a name, or takes it away.
    Rename {
        /// Who.
        rider: RiderAt,
        /// The name; `None` for his number.
        name: Option<String>,
    },
    /// Leaves him out of every picture and export, or takes him in again.
    Hide {
        /// Who.
        rider: RiderAt,
        /// Whether he is left out.
        hidden: bool,
    },
    /// Deletes the track.
    Drop {
        /// Who.
        rider: RiderAt,
    },
}

/// All changes, and those taken back that can be made again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditLog {
    done: Vec<TrackEdit>,
    undone: Vec<TrackEdit>,
}

impl EditLog {
    /// The changes in effect, in order.
    pub fn done(&self) -> &[TrackEdit] {
        &self.done
    }

    /// Adds a change; what was taken back before it is forgotten.
    pub fn push(&mut self, edit: TrackEdit) {
        self.done.push(edit);
        self.undone.clear();
    }

    /// Whether there is a change to take back.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is a change to make again.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Takes the last change back.
    pub fn undo(&mut self) {
        self.undone.extend(self.done.pop());
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self) {
        self.done.extend(self.undone.pop());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(frame: u64) -> TrackEdit {
        TrackEdit::Hide { rider: RiderAt { frame, bbox: BBox::new(1.0, 2.0, 3.0, 4.5) }, hidden: true }
    }

    #[test]
    fn what_was_undone_comes_back_until_something_else_is_done() {
        let mut log = EditLog::default();
        log.push(hide(1));
        log.push(hide(2));
        log.undo();
        log.undo();
        log.undo();
        assert!(!log.can_undo());
        log.redo();
        assert_eq!(log.done(), [hide(1)]);
        log.push(hide(3));
        assert!(!log.can_redo());
        log.redo();
        assert_eq!(log.done(), [hide(1), hide(3)]);
    }

    #[test]
    fn a_log_is_read_back_as_written() {
        let mut log = EditLog::default();
        let rider = RiderAt { frame: 7, bbox: BBox::new(0.1, 0.2, 0.3, 0.4) };
        log.push(TrackEdit::Rename { rider, name: Some("Zoi \"Z\" S".into()) });
        log.push(hide(1));
        log.undo();
        let text = serde_json::to_string(&log).unwrap();
        assert_eq!(serde_json::from_str::<EditLog>(&text).unwrap(), log);
    }
}
