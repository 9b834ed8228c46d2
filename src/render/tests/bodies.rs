//! Bodies: where they are, which hides which, and how they blend.

use std::f32::consts::PI;

use glam::{Vec2, Vec3};

use super::{Studio, difference, grey, middle};
use crate::render::{OverlayScene, ViewTransform};
use crate::types::{Camera, OverlayStyle};

const RED: [f32; 3] = [0.9, 0.1, 0.1];
const BLUE: [f32; 3] = [0.1, 0.2, 0.9];

/// Area, in pixels, of a sphere's outline: an ellipse with its long axis towards the principal point.
///
/// The tangent cone of half angle α around the direction at angle θ from the axis meets the image plane in an
/// ellipse of semi-axes f·sin α cos α/(cos²θ − sin²α) and f·sin α/√(cos²θ − sin²α).
fn outline_area_px(center_m: Vec3, radius_m: f32, focal_px: f32) -> f64 {
    let distance = f64::from(center_m.length());
    let sin_a = f64::from(radius_m) / distance;
    let cos_t = f64::from(center_m.z) / distance;
    let d = cos_t * cos_t - sin_a * sin_a;
    let cos_a = (1.0 - sin_a * sin_a).sqrt();
    let focal = f64::from(focal_px);
    f64::from(PI) * focal * focal * sin_a * sin_a * cos_a / (d * d.sqrt())
}

#[test]
fn a_spheres_matte_has_the_area_of_its_outline() {
    let Some(mut studio) = Studio::open() else { return };
    let camera = Camera { focal_px: 900.0, center_px: Vec2::new(500.3, 341.7) };
    let mut matte = Vec::new();
    for (center_m, radius_m) in [(Vec3::new(0.0, 0.0, 4.0), 0.8), (Vec3::new(0.9, -0.4, 3.0), 0.5)] {
        let mut scene = OverlayScene::default();
        scene.meshes.push(studio.ball(center_m, radius_m, camera, RED));
        studio.renderer.render_matte(&scene, 1021, 683, &mut matte).unwrap();
        assert_eq!(matte.len(), 1021 * 683);
        assert!(matte.iter().all(|&code| code == 0 || code == 255));
        let covered = matte.iter().filter(|&&code| code == 255).count() as f64;
        let want = outline_area_px(center_m, radius_m, camera.focal_px);
        assert!((covered / want - 1.0).abs() < 0.005, "{covered} of {want}");
        // Its middle is on the outline's long axis, a little outside of the projected centre.
        let centre = camera.project(center_m).unwrap();
        assert_eq!(matte[centre.y as usize * 1021 + centre.x as usize], 255);
    }
}

#[test]
fn the_nearer_body_wins_in_any_order_and_through_different_cameras() {
    let Some(mut studio) = Studio::open() else { return };
    // The same place in the picture: 2 m away through a short lens, 6 m away through a lens three times as long.
    let center_px = middle(160, 120);
    let near = studio.ball(Vec3::new(0.0, 0.0, 2.0), 0.5, Camera { focal_px: 100.0, center_px }, RED);
    let far = studio.ball(Vec3::new(0.0, 0.0, 6.0), 0.8, Camera { focal_px: 300.0, center_px }, BLUE);
    let mut pictures = Vec::new();
    for order in [[near.clone(), far.clone()], [far, near]] {
        let mut scene = OverlayScene::new(Some(grey(160, 120, 128)));
        scene.style.opacity = 1.0;
        scene.meshes.extend(order);
        pictures.push(studio.draw(&scene, 160, 120, ViewTransform::IDENTITY));
    }
    let [red, _, blue] = pictures[0].rgb(80, 60);
    assert!(red > blue + 60, "the nearer, red ball hides the other: {:?}", pictures[0].rgb(80, 60));
    // The farther one is larger in the picture and shows around it.
    let [red, _, blue] = pictures[0].rgb(80 + 34, 60);
    assert!(blue > red + 30, "{:?}", pictures[0].rgb(80 + 34, 60));
    assert_eq!(pictures[0].rgba, pictures[1].rgba);
}

#[test]
fn own_colours_cover_the_riders_colour_as_far_as_they_are_known() {
    let Some(mut studio) = Studio::open() else { return };
    let camera = Camera { focal_px: 100.0, center_px: middle(160, 120) };
    let mut draw = |colors: &dyn Fn(&Vec3) -> [u8; 4]| {
        let mut ball = studio.ball(Vec3::new(0.0, 0.0, 2.0), 0.8, camera, RED);
        ball.colors = ball.normals.iter().map(colors).collect();
        // A body without colours of its own behind it must not get this one's.
        let plain = studio.ball(Vec3::new(1.3, 0.0, 2.5), 0.3, camera, RED);
        let mut scene = OverlayScene::new(Some(grey(160, 120, 128)));
        scene.style.opacity = 1.0;
        scene.meshes.extend([ball, plain]);
        studio.draw(&scene, 160, 120, ViewTransform::IDENTITY)
    };
    // The left half is known to be blue, the right half is not known.
    let halves = draw(&|normal| if normal.x < 0.0 { [20, 40, 230, 255] } else { [20, 40, 230, 0] });
    let ([left, right], other) = ([68, 92].map(|x| halves.rgb(x, 60)), halves.rgb(132, 60));
    assert!(left[2] > left[0] + 80, "{left:?}");
    assert!(right[0] > right[2] + 60 && other[0] > other[2] + 60, "{right:?} {other:?}");
    let none = draw(&|_| [0; 4]);
    assert_eq!(none.rgb(92, 60), right);
}

#[test]
fn a_body_of_no_opacity_changes_nothing() {
    let Some(mut studio) = Studio::open() else { return };
    let bare = OverlayScene::new(Some(grey(96, 80, 150)));
    let mut scene = bare.clone();
    scene.style = OverlayStyle { opacity: 0.0, wireframe: true, ..Default::default() };
    let camera = Camera::centered(90.0, 96, 80);
    for ghost in [false, true] {
        let mut ball = studio.ball(Vec3::new(0.0, 0.0, 2.0), 0.6, camera, RED);
        ball.ghost = ghost;
        scene.meshes.push(ball);
        let plain = studio.draw(&bare, 96, 80, ViewTransform::IDENTITY);
        assert_eq!(studio.draw(&scene, 96, 80, ViewTransform::IDENTITY).rgba, plain.rgba);
    }
}

#[test]
fn opacity_mixes_code_values_and_the_far_side_does_not_show_through() {
    let Some(mut studio) = Studio::open() else { return };
    let camera = Camera::centered(90.0, 96, 80);
    let mut scene = OverlayScene::new(Some(grey(96, 80, 190)));
    let under = studio.draw(&scene, 96, 80, ViewTransform::IDENTITY);
    // Two bodies behind one another: the layer as a whole is blended, not each surface.
    scene.meshes.push(studio.ball(Vec3::new(0.0, 0.0, 2.0), 0.6, camera, RED));
    scene.meshes.push(studio.ball(Vec3::new(0.0, 0.0, 5.0), 1.2, camera, BLUE));
    scene.style.opacity = 1.0;
    let opaque = studio.draw(&scene, 96, 80, ViewTransform::IDENTITY);
    for opacity in [0.5_f32, 0.25] {
        scene.style.opacity = opacity;
        let mixed = studio.draw(&scene, 96, 80, ViewTransform::IDENTITY);
        for (x, y) in [(48, 40), (40, 32), (57, 44)] {
            let want = std::array::from_fn(|c| {
                let (over, under) = (opaque.rgb(x, y)[c] as f32, under.rgb(x, y)[c] as f32);
                (over * opacity + under * (1.0 - opacity)).round() as i32
            });
            let got = mixed.rgb(x, y);
            assert!(difference(got, want) <= 1, "{opacity} ({x}, {y}): {got:?}, not {want:?}");
        }
    }
    // One body's own opacity stands in for the style's.
    scene.meshes[0].opacity = Some(1.0);
    assert!(
        difference(studio.draw(&scene, 96, 80, ViewTransform::IDENTITY).rgb(48, 40), opaque.rgb(48, 40)) <= 1
    );
}

#[test]
fn edges_are_between_body_and_picture_and_only_there() {
    let Some(mut studio) = Studio::open() else { return };
    let camera = Camera::centered(90.0, 96, 80);
    let mut scene = OverlayScene::new(Some(grey(96, 80, 235)));
    scene.style.opacity = 1.0;
    scene.meshes.push(studio.ball(Vec3::new(0.0, 0.0, 2.0), 0.6, camera, RED));
    let drawn = studio.draw(&scene, 96, 80, ViewTransform::IDENTITY);
    let radius_px = (outline_area_px(Vec3::new(0.0, 0.0, 2.0), 0.6, 90.0) / f64::from(PI)).sqrt() as f32;
    let mut partial = 0;
    for (x, y) in (0..80).flat_map(|y| (0..96).map(move |x| (x, y))) {
        let from_rim_px = Vec2::new(x as f32 + 0.5, y as f32 + 0.5).distance(middle(96, 80)) - radius_px;
        let [red, green, _] = drawn.rgb(x, y);
        if from_rim_px > 1.0 {
            assert_eq!(drawn.rgb(x, y), [255; 3], "({x}, {y}) is outside");
        } else if from_rim_px < -1.5 {
            assert!(green < red && green < 140, "({x}, {y}) is inside: {:?}", drawn.rgb(x, y));
        } else if green > 90 && green < 250 {
            partial += 1;
        }
    }
    assert!(partial > 40, "{partial} pixels of the rim are in between");
}

#[test]
fn zooming_moves_bodies_with_the_picture() {
    let Some(mut studio) = Studio::open() else { return };
    let camera = Camera::centered(300.0, 320, 240);
    let mut scene = OverlayScene::default();
    scene.style.opacity = 1.0;
    scene.meshes.push(studio.ball(Vec3::new(0.3, 0.1, 3.0), 0.3, camera, RED));
    let view = ViewTransform { scale: 3.0, offset_px: Vec2::new(-400.0, -250.0) };
    let drawn = studio.draw(&scene, 320, 240, view);
    let covered: Vec<Vec2> = (0..240)
        .flat_map(|y| (0..320).map(move |x| (x, y)))
        .filter(|&(x, y)| drawn.at(x, y)[3] > 127)
        .map(|(x, y)| Vec2::new(x as f32 + 0.5, y as f32 + 0.5))
        .collect();
    let want_area = 9.0 * outline_area_px(Vec3::new(0.3, 0.1, 3.0), 0.3, 300.0);
    assert!((covered.len() as f64 / want_area - 1.0).abs() < 0.01, "{} of {want_area}", covered.len());
    let centroid = covered.iter().sum::<Vec2>() / covered.len() as f32;
    let want = view.target_from_picture(camera.project(Vec3::new(0.3, 0.1, 3.0)).unwrap());
    assert!(centroid.distance(want) < 2.5, "{centroid}, not {want}");
}

#[test]
fn a_body_around_the_camera_or_broken_is_drawn_without_harm() {
    let Some(mut studio) = Studio::open() else { return };
    let camera = Camera::centered(90.0, 96, 80);
    let mut scene = OverlayScene::default();
    let mut broken = studio.ball(Vec3::new(0.0, 0.0, 2.0), 0.6, camera, RED);
    broken.vertices.fill(Vec3::NAN);
    scene.meshes.push(broken);
    scene.meshes.push(studio.ball(Vec3::new(0.0, 0.0, -2.0), 0.6, camera, RED));
    let nothing = studio.draw(&scene, 96, 80, ViewTransform::IDENTITY);
    assert!(nothing.rgba.iter().all(|&code| code == 0));
    scene.meshes.push(studio.ball(Vec3::ZERO, 1.0, camera, RED));
    let inside = studio.draw(&scene, 96, 80, ViewTransform::IDENTITY);
    assert!(inside.rgba.iter().all(|&code| code == 0), "nothing of it faces the camera");
}
