//! Which of a network's classes count as a rider: person, unless others are asked for.

use crate::inference::contract::Classes;
use crate::inference::error::InferenceError;

/// The classes that count; at least one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted(Vec<usize>);

impl Wanted {
    /// The classes called `names`, or person where none is named.
    ///
    /// # Errors
    /// [`InferenceError::UnknownClass`] for the first that the network does not know.
    pub fn new(model: &str, classes: &Classes, names: &[String]) -> Result<Self, InferenceError> {
        if names.is_empty() {
            return Ok(Self(vec![classes.person]));
        }
        let find = |name: &String| {
            classes.find(name).ok_or_else(|| InferenceError::UnknownClass {
                model: model.to_owned(),
                class: name.clone(),
                count: classes.count,
            })
        };
        Ok(Self(names.iter().map(find).collect::<Result<_, _>>()?))
    }

    /// Whether a class counts.
    pub fn has(&self, class: usize) -> bool {
        self.0.contains(&class)
    }

    /// The classes that count.
    pub fn classes(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// The best of a box's class scores, where its class counts. What is not a number is no class' score; of equal
    /// scores the first counts.
    pub fn best_score(&self, scores: impl Iterator<Item = f32>) -> Option<f32> {
        let (mut class, mut best) = (0, f32::NEG_INFINITY);
        for (index, score) in scores.enumerate() {
            if score > best {
                (class, best) = (index, score);
            }
        }
        (best.is_finite() && self.has(class)).then_some(best)
    }
}

#[cfg(test)]
impl Wanted {
    /// Class 0 alone.
    pub fn first() -> Self {
        Self(vec![0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_class_that_counts_and_is_the_best_gives_a_score() {
        let wanted = Wanted::first();
        assert_eq!(wanted.best_score([0.5, 0.4, f32::NAN].into_iter()), Some(0.5));
        assert_eq!(wanted.best_score([0.4, 0.5].into_iter()), None);
        assert_eq!(wanted.best_score([f32::NAN, f32::NAN].into_iter()), None);
        assert_eq!(wanted.best_score([f32::INFINITY].into_iter()), None);
        assert_eq!(wanted.best_score(std::iter::empty()), None);
    }

    #[test]
    fn a_class_that_the_network_does_not_know_is_named() {
        let classes = Classes { count: 3, person: 0, names: Vec::new() };
        let error = Wanted::new("mine", &classes, &["snowboard".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("mine") && error.contains("'snowboard'"), "{error}");
    }
}
