// Prepended to every shader. Positions named _px are target pixels, x right, y down, pixel centres at .5.

struct Globals {
    target_px: vec2f,
    layer_origin_px: vec2f,
    layer_px: vec2f,
    unit_px: f32,
    // 1 where the bodies' surfaces are drawn, 0 where only their edges are.
    surfaces: f32,
}

@group(0) @binding(0) var<uniform> globals: Globals;

// Attributes of one body, the same for all of its vertices.
struct Body {
    @location(2) camera_px: vec3f,
    @location(3) opacity: f32,
    @location(4) color: vec3f,
    @location(5) ghost: f32,
    @location(6) first_vertex: u32,
}

// Nearest depth drawn, metres.
const NEAR_M: f32 = 0.05;

// Corner of a unit quad drawn as a triangle strip.
fn quad_corner(vertex: u32) -> vec2f {
    return vec2f(f32(vertex & 1u), f32(vertex >> 1u));
}

fn clip_from_px(at_px: vec2f, size_px: vec2f) -> vec4f {
    let ndc = at_px / size_px * 2.0 - 1.0;
    return vec4f(ndc.x, -ndc.y, 0.0, 1.0);
}

// Pinhole projection of a camera-frame point into the body layer. w is the depth in metres of whichever camera, so
// bodies of different cameras hide one another by real distance; z/w is the reversed depth near/z.
fn layer_clip_from_camera(point_m: vec3f, camera_px: vec3f) -> vec4f {
    let principal_px = camera_px.yz - globals.layer_origin_px;
    let px_times_z = point_m.xy * camera_px.x + principal_px * point_m.z;
    let ndc_times_z = px_times_z * 2.0 / globals.layer_px - point_m.z;
    return vec4f(ndc_times_z.x, -ndc_times_z.y, NEAR_M, point_m.z);
}

// IEC 61966-2-1.
fn linear_from_srgb(c: vec3f) -> vec3f {
    return select(pow((c + 0.055) / 1.055, vec3f(2.4)), c / 12.92, c <= vec3f(0.04045));
}

fn srgb_from_linear(c: vec3f) -> vec3f {
    return select(1.055 * pow(c, vec3f(1.0 / 2.4)) - 0.055, c * 12.92, c <= vec3f(0.0031308));
}

fn premultiplied(color: vec3f, alpha: f32) -> vec4f {
    return vec4f(color * alpha, alpha);
}

// Share of a pixel inside an edge at signed distance `distance_px`, negative inside.
fn coverage(distance_px: f32) -> f32 {
    return saturate(0.5 - distance_px);
}

// Signed distance to a rounded rectangle around the origin.
fn rounded_rect_distance(at: vec2f, half_size: vec2f, radius: f32) -> f32 {
    let q = abs(at) - half_size + radius;
    return length(max(q, vec2f(0.0))) + min(max(q.x, q.y), 0.0) - radius;
}
