// Vertices of solid things and the sun's shadows on them.

@group(1) @binding(0) var near_shadow: texture_depth_2d;
@group(1) @binding(1) var far_shadow: texture_depth_2d;
@group(1) @binding(2) var shadow_sampler: sampler_comparison;

@vertex
fn vs_surface(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) local: vec3<f32>,
    @location(3) material: f32,
) -> Surface {
    var out: Surface;
    out.clip = frame.clip_from_world * vec4<f32>(position, 1.0);
    out.world = position;
    out.normal = normal;
    out.local = local;
    out.material = i32(material + 0.5);
    return out;
}

// Share of the sun that passes, averaged over a square of `radius` texels.
fn shadow_in(map: texture_depth_2d, at: vec3<f32>, radius: f32) -> f32 {
    let uv = at.xy * vec2<f32>(0.5, -0.5) + 0.5;
    if any(uv <= vec2<f32>(0.0)) || any(uv >= vec2<f32>(1.0)) || at.z >= 1.0 {
        return 1.0;
    }
    let texel = radius / f32(textureDimensions(map).x);
    var lit = 0.0;
    for (var row = -1; row <= 1; row++) {
        for (var column = -1; column <= 1; column++) {
            let place = uv + vec2<f32>(f32(column), f32(row)) * texel;
            lit += textureSampleCompareLevel(map, shadow_sampler, place, at.z);
        }
    }
    return lit / 9.0;
}

// Share of the sun that reaches a surface: what moves is in the near map, trees in the far one.
fn sunlight(world: vec3<f32>, normal: vec3<f32>, radius: f32) -> f32 {
    let near = frame.near_sun_from_world * vec4<f32>(world + normal * 0.02, 1.0);
    let far = frame.far_sun_from_world * vec4<f32>(world + normal * 0.25, 1.0);
    return min(
        shadow_in(near_shadow, near.xyz - vec3<f32>(0.0, 0.0, 0.0004), radius),
        shadow_in(far_shadow, far.xyz - vec3<f32>(0.0, 0.0, 0.0008), 1.4),
    );
}

// Light from the sky above and the snow below.
fn ambient(normal: vec3<f32>) -> vec3<f32> {
    return mix(BOUNCE, SKY, normal.y * 0.5 + 0.5) + vec3<f32>(0.05);
}
