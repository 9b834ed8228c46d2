//! How the rider holds himself: a few handles that the rig turns into joint rotations.

use std::ops::{Add, Mul, Sub};

use glam::Vec3;

/// Handles of the body in the board's frame: x to the nose (the rider's left), y up from the deck, z to the toes.
/// Turns are (pitch, yaw, roll) in degrees: pitch bends forward, yaw turns to the left, roll lifts the left shoulder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stance {
    /// Where the pelvis is, metres.
    pub pelvis_m: Vec3,
    /// How the pelvis is turned.
    pub pelvis_turn: Vec3,
    /// How far the chest is turned from the pelvis.
    pub spine_turn: Vec3,
    /// How far the head is turned from the chest.
    pub head_turn: Vec3,
    /// Where the left wrist reaches for, metres.
    pub left_wrist_m: Vec3,
    /// Where the right wrist reaches for, metres.
    pub right_wrist_m: Vec3,
}

impl Stance {
    fn zip(self, other: Self, op: impl Fn(Vec3, Vec3) -> Vec3) -> Self {
        Self {
            pelvis_m: op(self.pelvis_m, other.pelvis_m),
            pelvis_turn: op(self.pelvis_turn, other.pelvis_turn),
            spine_turn: op(self.spine_turn, other.spine_turn),
            head_turn: op(self.head_turn, other.head_turn),
            left_wrist_m: op(self.left_wrist_m, other.left_wrist_m),
            right_wrist_m: op(self.right_wrist_m, other.right_wrist_m),
        }
    }
}

impl Add for Stance {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Stance {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul<f32> for Stance {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        self.zip(self, |a, _| a * factor)
    }
}
