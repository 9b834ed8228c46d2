//! Where a posed skeleton stands, from where its joints appear in the picture.

use glam::{DVec2, DVec3};

/// Nearest distance that a person is looked for at, metres.
const NEAREST_M: f64 = 0.5;

/// Fewest pixels that a standing person may span before his distance is not believed.
const FEWEST_PIXELS: f64 = 16.0;

/// Height of a person for guessing his distance from his size in the picture, metres.
const STATURE_M: f64 = 1.7;

/// Below this variance of their rays the points lie on one spot of the picture.
const MIN_RAY_SPREAD: f64 = 1e-10;

/// A point of the skeleton and where it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    /// Relative to the root, camera axes, metres.
    pub point_m: DVec3,
    /// Seen at, as (pixel − principal point) / focal length.
    pub ray: DVec2,
    /// Weight of the sighting.
    pub weight: f64,
}

/// The root's position in the camera frame, metres, that lets the points appear where they were seen.
///
/// A point X seen along the ray u gives two equations linear in the root t: t_xy − u t_z = u X_z − X_xy. Least squares
/// with centred rays gives t_z, then t_xy. Where that is no believable distance (points on one spot, a person turned
/// inside out) it is guessed from the person's span in the picture, `size_px` at a focal length of `focal_px`.
/// `None` where nothing was seen, or what was is not finite.
pub(super) fn root_position(sightings: &[Sighting], focal_px: f64, size_px: f64) -> Option<DVec3> {
    let total: f64 = sightings.iter().map(|sighting| sighting.weight).sum();
    if total <= 0.0 {
        return None;
    }
    let mean = |value: &dyn Fn(&Sighting) -> DVec2| -> DVec2 {
        sightings.iter().map(|sighting| value(sighting) * (sighting.weight / total)).sum()
    };
    let offset = |sighting: &Sighting| sighting.ray * sighting.point_m.z - sighting.point_m.truncate();
    let (mean_ray, mean_offset) = (mean(&|sighting| sighting.ray), mean(&offset));
    let (mut spread, mut covariance) = (0.0, 0.0);
    for sighting in sightings {
        let ray = sighting.ray - mean_ray;
        spread += ray.length_squared() * sighting.weight / total;
        covariance += ray.dot(offset(sighting) - mean_offset) * sighting.weight / total;
    }
    let farthest_m = (focal_px * STATURE_M / FEWEST_PIXELS).max(NEAREST_M);
    let solved_m = -covariance / spread;
    let depth_m = if spread > MIN_RAY_SPREAD && (NEAREST_M..farthest_m).contains(&solved_m) {
        solved_m
    } else {
        (focal_px * STATURE_M / size_px).clamp(NEAREST_M, farthest_m)
    };
    let root = (mean_ray * depth_m + mean_offset).extend(depth_m);
    root.is_finite().then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(root: DVec3) -> Vec<Sighting> {
        [DVec3::new(0.2, 0.5, 0.1), DVec3::new(-0.3, -0.4, 0.0), DVec3::new(0.1, 0.9, -0.1)]
            .map(|point_m| {
                let seen = root + point_m;
                Sighting { point_m, ray: seen.truncate() / seen.z, weight: 0.7 }
            })
            .to_vec()
    }

    #[test]
    fn a_person_is_found_where_he_stands() {
        let root = DVec3::new(-1.5, 0.4, 6.0);
        let found = root_position(&seen(root), 768.0, 200.0).unwrap();
        assert!((found - root).length() < 1e-9, "{found}");
    }

    #[test]
    fn sightings_on_one_spot_put_him_at_the_distance_of_his_size() {
        let mut sightings = seen(DVec3::new(0.0, 0.0, 5.0));
        for sighting in &mut sightings {
            sighting.ray = DVec2::new(0.1, 0.0);
        }
        let found = root_position(&sightings, 768.0, 768.0 * 1.7 / 4.0).unwrap();
        assert!((found.z - 4.0).abs() < 1e-9, "{found}");
        assert!((found.x - 0.4).abs() < 1e-9, "the middle of the points has x = z = 0");
    }

    #[test]
    fn nothing_seen_is_nobody_found() {
        assert_eq!(root_position(&[], 768.0, 200.0), None);
        let mut sightings = seen(DVec3::Z);
        sightings.iter_mut().for_each(|sighting| sighting.ray.x = f64::NAN);
        assert_eq!(root_position(&sightings, 768.0, 200.0), None);
    }
}
