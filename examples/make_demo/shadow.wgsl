// Depth from the sun: one entry for each map.

@vertex
fn vs_near(@location(0) position: vec3<f32>) -> @builtin(position) vec4<f32> {
    return frame.near_sun_from_world * vec4<f32>(position, 1.0);
}

@vertex
fn vs_far(@location(0) position: vec3<f32>) -> @builtin(position) vec4<f32> {
    return frame.far_sun_from_world * vec4<f32>(position, 1.0);
}
