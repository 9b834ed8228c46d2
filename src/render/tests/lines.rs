//! Boxes, skeletons and labels: where their lines are and how wide.

use glam::Vec2;

use super::{Picture, Studio, grey};
use crate::render::{LabelledBox, LinePattern, OverlayScene, Skeleton, ViewTransform};
use crate::types::{BBox, Keypoint, OverlayStyle};

const GREEN: [f32; 3] = [0.1, 0.9, 0.3];

fn boxed(bbox: BBox, pattern: LinePattern, label: &str) -> OverlayScene {
    let mut scene = OverlayScene::new(Some(grey(640, 360, 235)));
    scene.style = OverlayStyle { boxes: true, labels: true, ..OverlayStyle::default() };
    scene.boxes.push(LabelledBox { bbox, color: GREEN, label: label.to_owned(), pattern });
    scene
}

fn is_line(picture: &Picture, x: u32, y: u32) -> bool {
    let [red, green, _] = picture.rgb(x, y);
    green > red + 120
}

#[test]
fn a_boxs_sides_lie_on_its_edges_at_every_zoom() {
    let Some(mut studio) = Studio::open() else { return };
    let bbox = BBox::new(100.0, 50.0, 300.0, 250.0);
    let scene = boxed(bbox, LinePattern::Solid, "");
    for (width, height) in [(640, 360), (1280, 720), (2560, 1440)] {
        let scale = width as f32 / 640.0;
        let drawn = studio.draw(&scene, width, height, ViewTransform { scale, offset_px: Vec2::ZERO });
        let edge = |at: f32| (at * scale) as u32;
        let (across, down) = (edge(200.0), edge(150.0));
        // Either side of each edge is coloured, some pixels further is bare snow.
        for x in [edge(100.0), edge(300.0)] {
            assert!(is_line(&drawn, x, down) && is_line(&drawn, x - 1, down), "{width}: column {x}");
            let far = (6.0 * scale) as u32;
            for bare in [x - far, x + far] {
                assert_eq!(drawn.rgb(bare, down), [255; 3]);
            }
        }
        for y in [edge(50.0), edge(250.0)] {
            assert!(is_line(&drawn, across, y) && is_line(&drawn, across, y - 1), "{width}: row {y}");
        }
        assert_eq!(drawn.rgb(across, down), [255; 3]);
        // The width follows the target: 2.6 px at 720p.
        let coloured = (0..width).filter(|&x| is_line(&drawn, x, down)).count() as f32 / 2.0;
        let want = (2.6 * height as f32 / 720.0).max(1.5);
        assert!((coloured - want).abs() <= 1.0, "{width}: {coloured} px wide, not {want}");
    }
}

#[test]
fn patterns_are_told_apart_by_how_much_of_a_side_they_cover() {
    let Some(mut studio) = Studio::open() else { return };
    let mut covered = |pattern| {
        let scene = boxed(BBox::new(100.0, 50.0, 500.0, 250.0), pattern, "");
        let drawn = studio.draw(&scene, 640, 360, ViewTransform::IDENTITY);
        (110..490).filter(|&x| is_line(&drawn, x, 50)).count() as f32 / 380.0
    };
    assert_eq!(covered(LinePattern::Solid), 1.0);
    let (dashed, dotted) = (covered(LinePattern::Dashed), covered(LinePattern::Dotted));
    assert!((0.4..0.75).contains(&dashed), "{dashed}");
    assert!((0.1..0.5).contains(&dotted) && dotted < dashed, "{dotted}");
}

#[test]
fn what_the_style_switches_off_is_not_drawn() {
    let Some(mut studio) = Studio::open() else { return };
    let mut scene = boxed(BBox::new(100.0, 90.0, 300.0, 250.0), LinePattern::Solid, "rider 1");
    let joint = Keypoint { position: Vec2::new(320.0, 180.0), score: 1.0 };
    scene.skeletons.push(Skeleton { points: [joint; 17], color: GREEN, ghost: false });
    let off =
        OverlayStyle { mesh: false, boxes: false, labels: false, skeleton: false, ..Default::default() };
    scene.style = off;
    let bare = studio.draw(&scene, 640, 360, ViewTransform::IDENTITY);
    assert!(bare.rgba.iter().all(|&code| code == 255));
    for style in [
        OverlayStyle { boxes: true, ..off },
        OverlayStyle { labels: true, ..off },
        OverlayStyle { skeleton: true, ..off },
    ] {
        scene.style = style;
        assert_ne!(studio.draw(&scene, 640, 360, ViewTransform::IDENTITY).rgba, bare.rgba, "{style:?}");
    }
}

#[test]
fn joints_of_a_low_score_are_left_out_with_their_bones() {
    let Some(mut studio) = Studio::open() else { return };
    let mut scene = OverlayScene::new(Some(grey(640, 360, 235)));
    scene.style.skeleton = true;
    let mut points = [Keypoint::default(); 17];
    // Left shoulder, elbow and wrist in a row.
    for (joint, x) in [(5, 200.0), (7, 300.0), (9, 400.0)] {
        points[joint] = Keypoint { position: Vec2::new(x, 100.0), score: 0.9 };
    }
    points[9].score = 0.1;
    scene.skeletons.push(Skeleton { points, color: GREEN, ghost: false });
    let drawn = studio.draw(&scene, 640, 360, ViewTransform::IDENTITY);
    assert!(is_line(&drawn, 250, 100), "the upper arm is drawn");
    assert_eq!(drawn.rgb(350, 100), [255; 3], "the forearm is not");
    assert_eq!(drawn.rgb(400, 100), [255; 3], "nor the wrist");
    assert!(is_line(&drawn, 200, 98), "a joint is wider than a bone");
}

#[test]
fn every_letter_has_a_shape_and_a_missing_one_a_box() {
    let Some(mut studio) = Studio::open() else { return };
    let mut draw = |label: &str| {
        let scene = boxed(BBox::new(100.0, 90.0, 300.0, 250.0), LinePattern::Solid, label);
        studio.draw(&scene, 640, 360, ViewTransform::IDENTITY).rgba
    };
    let shapes: Vec<_> = ["e", "é", "ü", "u", "ж", "日"].map(&mut draw).into();
    for (i, shape) in shapes.iter().enumerate() {
        assert!(shapes.iter().skip(i + 1).all(|other| other != shape), "letter {i} looks like another");
    }
    assert_eq!(draw("日"), draw("語"), "both are shown as missing");
    assert_eq!(draw("日"), draw("□"));
}

#[test]
fn glyphs_have_room_of_their_own_until_the_atlas_is_full() {
    use crate::render::passes::glyph_atlas::{Glyph, GlyphAtlas};

    let Some(studio) = Studio::open() else { return };
    let mut atlas = GlyphAtlas::new(&studio.gpu).unwrap();
    atlas.set_text_px(500.0);
    let letters: Vec<char> = ('!'..='~').chain('¡'..='ſ').collect();
    let placed: Vec<_> = letters.iter().map_while(|&letter| atlas.glyph(&studio.gpu, letter)).collect();
    assert!((40..letters.len()).contains(&placed.len()), "{} fit", placed.len());
    let corners =
        |glyph: &Glyph| BBox { min: glyph.texel.as_vec2(), max: (glyph.texel + glyph.size).as_vec2() };
    for (i, glyph) in placed.iter().enumerate() {
        let room = corners(glyph);
        assert!(room.max.max_element() <= 1024.0);
        assert!(placed[..i].iter().all(|other| room.intersection(&corners(other)).area() == 0.0));
        assert!(glyph.advance_px > 20.0 && glyph.advance_px == placed[0].advance_px);
    }
    atlas.clear();
    assert!(atlas.glyph(&studio.gpu, letters[placed.len()]).is_some());
}
