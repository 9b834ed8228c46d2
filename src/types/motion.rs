//! How the camera moved from one frame to the next, as far as the picture tells.

use glam::Vec2;

/// A change of the picture made of a shift, a turn and a change of scale: current_from_previous.
///
/// A point p becomes (a·x − b·y, b·x + a·y) + shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Scale times cosine of the turn.
    pub a: f32,
    /// Scale times sine of the turn; from x towards y, that is clockwise on the screen.
    pub b: f32,
    /// Picture pixels.
    pub shift_px: Vec2,
}

impl Similarity {
    /// Leaves everything where it is.
    pub const IDENTITY: Self = Self { a: 1.0, b: 0.0, shift_px: Vec2::ZERO };

    /// Where a point of the previous picture is in the current one, pixels.
    pub fn apply(&self, point_px: Vec2) -> Vec2 {
        self.turn(point_px) + self.shift_px
    }

    /// What this and `first` do together, `first` being done first.
    pub fn after(&self, first: &Self) -> Self {
        Self {
            a: self.a * first.a - self.b * first.b,
            b: self.b * first.a + self.a * first.b,
            shift_px: self.apply(first.shift_px),
        }
    }

    /// A direction or a speed, turned and scaled.
    pub fn turn(&self, vector: Vec2) -> Vec2 {
        Vec2::new(self.a * vector.x - self.b * vector.y, self.b * vector.x + self.a * vector.y)
    }

    /// How much larger everything becomes.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// previous_from_current; `None` where everything shrinks to a point or a number is none.
    pub fn inverse(&self) -> Option<Self> {
        let square = self.a * self.a + self.b * self.b;
        let back = Self { a: self.a / square, b: -self.b / square, shift_px: Vec2::ZERO };
        let back = Self { shift_px: -back.turn(self.shift_px), ..back };
        (back.a.is_finite() && back.b.is_finite() && back.shift_px.is_finite()).then_some(back)
    }

    /// Whether every number is finite and the scale is neither nothing nor beyond any zoom between two frames.
    pub fn is_usable(&self) -> bool {
        // A scale of no number is in no range.
        self.shift_px.is_finite() && (0.2..5.0).contains(&self.scale())
    }
}

/// The camera's motion into a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum CameraMotion {
    /// Not known: there is no frame before, or the background shows too little that can be followed.
    #[default]
    Unavailable,
    /// How the background moved from the frame before.
    Known(Similarity),
}

impl CameraMotion {
    /// The motion, where it is known and can be used.
    pub fn known(&self) -> Option<&Similarity> {
        match self {
            Self::Known(motion) if motion.is_usable() => Some(motion),
            _ => None,
        }
    }

    /// The motion from the frame after back to this one.
    pub fn reversed(&self) -> Self {
        self.known().and_then(Similarity::inverse).map_or(Self::Unavailable, Self::Known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_and_its_inverse() {
        let motion = Similarity { a: 0.0, b: 2.0, shift_px: Vec2::new(5.0, -1.0) };
        assert!(motion.is_usable() && !Similarity { a: f32::NAN, ..motion }.is_usable());
        assert_eq!(motion.apply(Vec2::new(3.0, 1.0)), Vec2::new(3.0, 5.0));
        assert_eq!(motion.scale(), 2.0);
        let shift = Similarity { shift_px: Vec2::new(1.0, 2.0), ..Similarity::IDENTITY };
        assert_eq!(motion.after(&shift).apply(Vec2::ONE), motion.apply(Vec2::new(2.0, 3.0)));
        assert_eq!(motion.inverse().unwrap().apply(Vec2::new(3.0, 5.0)), Vec2::new(3.0, 1.0));
        assert_eq!(Similarity { a: 0.0, b: 0.0, shift_px: Vec2::ONE }.inverse(), None);
    }
}
