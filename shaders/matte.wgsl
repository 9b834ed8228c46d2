// Where any body covers a pixel's centre.

@vertex
fn vs_main(@location(0) point_m: vec3f, body: Body) -> @builtin(position) vec4f {
    return layer_clip_from_camera(point_m, body.camera_px);
}

@fragment
fn fs_main() -> @location(0) vec4f {
    return vec4f(1.0);
}
