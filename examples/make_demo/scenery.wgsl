// Spruces, mountains and the markers at the lip.

fn spruce(surface: Surface, normal: vec3<f32>) -> vec3<f32> {
    let green = mix(vec3<f32>(0.020, 0.048, 0.026), vec3<f32>(0.05, 0.10, 0.05), hash2(vec2<f32>(surface.local.z, 3.0)));
    let at = surface.world;
    let clumps = 0.5 * (fractal(at.xz * 3.7, 4) + fractal(vec2<f32>(at.y * 3.4, (at.x - at.z) * 3.0), 4));
    let load = smoothstep(0.30, 0.62, clumps + 0.35 * normal.y - 0.12 + 0.12 * surface.local.y);
    return mix(green * (0.6 + 0.8 * clumps), vec3<f32>(0.80, 0.84, 0.90), load * 0.9);
}

fn mountain(surface: Surface, normal: vec3<f32>) -> vec3<f32> {
    let detail = fractal(surface.world.xz * 0.02, 5);
    let cover = smoothstep(0.62, 0.80, normal.y + 0.45 * (detail - 0.45));
    let rock = vec3<f32>(0.13, 0.14, 0.17) * (0.6 + detail);
    let wood = smoothstep(190.0, 110.0, surface.world.y + 120.0 * (detail - 0.5));
    return mix(mix(rock, vec3<f32>(0.86, 0.89, 0.93), cover), vec3<f32>(0.06, 0.09, 0.09), wood * 0.8);
}

@fragment
fn fs_scenery(surface: Surface) -> @location(0) vec4<f32> {
    var normal = normalize(surface.normal);
    var albedo = vec3<f32>(0.0);
    var sun = 1.0;
    switch surface.material {
        case MATERIAL_SPRUCE: {
            let slope = noise_slope(surface.world.xz * 4.0 + surface.world.y * 3.0).yz;
            normal = normalize(normal - vec3<f32>(slope.x, 0.2 * slope.x, slope.y) * 0.35);
            albedo = spruce(surface, normal);
            // Under a tier it is dark; a shadow map of the whole forest is too coarse for that.
            sun = 0.35 + 0.65 * smoothstep(0.0, 0.4, surface.local.y);
        }
        case MATERIAL_MOUNTAIN: {
            let slope = noise_slope(surface.world.xz * 0.018).yz + 0.6 * noise_slope(surface.world.xz * 0.045).yz;
            normal = normalize(normal - vec3<f32>(slope.x, 0.0, slope.y) * 0.22);
            albedo = mountain(surface, normal);
        }
        default: {
            albedo = mix(vec3<f32>(0.05), vec3<f32>(0.85, 0.22, 0.04), step(0.5, surface.local.x));
        }
    }
    var facing = max(dot(normal, frame.to_sun.xyz), 0.0);
    if surface.material == MATERIAL_POLE {
        // A flag has two sides.
        facing = abs(dot(normal, frame.to_sun.xyz));
    }
    let color = albedo * (SUN * facing * sun + ambient(normal));
    return tone(with_haze(color, surface.world));
}
