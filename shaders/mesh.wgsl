// A body's surface: light from the sky, from the snow below and from a lamp over the viewer's left shoulder, and a
// contour that darkens towards the silhouette, which sets the body off against snow. Lit in linear light. Colours taken
// from the picture have its light in them and get little more.

struct Surface {
    @invariant @builtin(position) clip: vec4f,
    @location(0) point_m: vec3f,
    @location(1) normal: vec3f,
    @location(2) color: vec3f,
    // 1 where the colour is the picture's, 0 where it is the rider's.
    @location(5) own: f32,
    @location(3) @interpolate(flat) opacity: f32,
    @location(4) @interpolate(flat) ghost: f32,
}

const SKY: vec3f = vec3f(0.24, 0.27, 0.32);
const SNOW: vec3f = vec3f(0.08, 0.085, 0.10);
const LAMP: vec3f = vec3f(1.0, 0.98, 0.94);
// Towards the lamp; y is down and z away from the viewer.
const LAMP_DIRECTION: vec3f = vec3f(-0.485, -0.728, -0.485);

@vertex
fn vs_main(@location(0) point_m: vec3f, @location(1) normal: vec3f, @location(7) own: vec4f, body: Body) -> Surface {
    var out: Surface;
    out.clip = layer_clip_from_camera(point_m, body.camera_px);
    out.point_m = point_m;
    out.normal = normal;
    out.color = mix(linear_from_srgb(body.color), linear_from_srgb(own.rgb), own.a);
    out.own = own.a;
    out.opacity = body.opacity;
    out.ghost = body.ghost;
    return out;
}

// Opacity factor of the hatching of a body whose state is not an observation: diagonal stripes in target pixels.
fn hatching(at_px: vec2f) -> f32 {
    let period_px = max(9.0 * globals.unit_px, 6.0);
    let along_px = (at_px.x + at_px.y) * 0.70711;
    let from_middle_px = abs(fract(along_px / period_px) - 0.5) * period_px;
    return mix(0.40, 1.0, coverage(from_middle_px - 0.27 * period_px));
}

@fragment
fn fs_main(in: Surface) -> @location(0) vec4f {
    let normal = normalize(in.normal);
    let to_eye = -normalize(in.point_m);
    let facing = saturate(dot(normal, to_eye));

    let ambient = mix(SNOW, SKY, 0.5 - 0.5 * normal.y);
    let lamp = LAMP * saturate((dot(normal, LAMP_DIRECTION) + 0.1) / 1.1);
    let halfway = normalize(LAMP_DIRECTION + to_eye);
    let gloss = 0.06 * pow(saturate(dot(normal, halfway)), 24.0);
    let contour = mix(1.0, 0.25, pow(1.0 - facing, 2.2));
    let light = mix(ambient + lamp, vec3f(0.9), 0.7 * in.own);
    let linear = in.color * light * contour + gloss;

    let at_px = in.clip.xy + globals.layer_origin_px;
    let alpha = in.opacity * mix(1.0, hatching(at_px), in.ghost);
    return premultiplied(srgb_from_linear(saturate(linear)), alpha);
}
