//! Notifications: what happened, and what to do about it.

/// Most notifications kept; the oldest that is no error goes first.
const LIMIT: usize = 24;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is done.
    Success,
    /// Something is not as it should be; work goes on.
    Warning,
    /// Something did not work.
    Error,
}

impl Severity {
    /// Seconds until it goes by itself; errors stay until they are dismissed.
    fn lifetime_s(self) -> Option<f64> {
        match self {
            Self::Success => Some(8.0),
            Self::Warning => Some(16.0),
            Self::Error => None,
        }
    }
}

/// Tells notifications apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteId(u64);

/// One notification.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its number.
    pub id: NoteId,
    /// How bad it is.
    pub severity: Severity,
    /// What happened.
    pub title: String,
    /// Why, and what to do.
    pub detail: String,
    /// How often the same came again.
    pub repeats: u32,
    born_s: f64,
}

impl Note {
    /// All it says, for the clipboard.
    pub fn text(&self) -> String {
        if self.detail.is_empty() { self.title.clone() } else { format!("{}\n{}", self.title, self.detail) }
    }
}

/// The notifications on the screen, oldest first.
#[derive(Debug, Default)]
pub struct Notes {
    list: Vec<Note>,
    next: u64,
}

impl Notes {
    /// Adds a notification at time `now_s`; one that says the same is counted up and kept alive instead.
    pub fn push(
        &mut self,
        now_s: f64,
        severity: Severity,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) {
        let (title, detail) = (title.into(), detail.into());
        let same = |n: &&mut Note| n.severity == severity && n.title == title && n.detail == detail;
        if let Some(note) = self.list.iter_mut().find(same) {
            note.repeats += 1;
            note.born_s = now_s;
            return;
        }
        if self.list.len() >= LIMIT {
            let oldest_minor = self.list.iter().position(|n| n.severity != Severity::Error).unwrap_or(0);
            self.list.remove(oldest_minor);
        }
        self.next += 1;
        self.list.push(Note { id: NoteId(self.next), severity, title, detail, repeats: 0, born_s: now_s });
    }

    /// Takes one away.
    pub fn dismiss(&mut self, id: NoteId) {
        self.list.retain(|note| note.id != id);
    }

    /// Takes away what has been there long enough; tells in how many seconds the next one goes.
    pub fn expire(&mut self, now_s: f64) -> Option<f64> {
        let left = |note: &Note| note.severity.lifetime_s().map(|life| note.born_s + life - now_s);
        self.list.retain(|note| left(note).is_none_or(|s| s > 0.0));
        self.list.iter().filter_map(left).min_by(f64::total_cmp)
    }

    /// All of them, oldest first.
    pub fn list(&self) -> &[Note] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_goes_by_itself_and_an_error_stays_until_dismissed() {
        let mut notes = Notes::default();
        notes.push(0.0, Severity::Success, "Exported", "");
        notes.push(0.0, Severity::Error, "Could not open", "no such file");
        assert!(notes.expire(1.0).is_some_and(|s| s > 0.0));
        assert_eq!(notes.expire(1000.0), None);
        assert_eq!(notes.list().len(), 1);
        let id = notes.list()[0].id;
        notes.dismiss(id);
        assert!(notes.list().is_empty());
    }

    #[test]
    fn the_same_again_is_counted_not_stacked_and_a_flood_spares_the_error() {
        let mut notes = Notes::default();
        notes.push(0.0, Severity::Error, "Lost the disk", "");
        for frame in 0..100 {
            notes.push(0.0, Severity::Warning, format!("frame {frame} is damaged"), "");
        }
        notes.push(0.0, Severity::Warning, "frame 99 is damaged", "");
        assert_eq!(notes.list().len(), LIMIT);
        assert_eq!(notes.list()[0].title, "Lost the disk");
        assert_eq!(notes.list().last().map(|n| n.repeats), Some(1));
    }
}
