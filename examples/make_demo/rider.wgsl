// The rider and his board. Garments are cut by the place on the body at rest, arms spread; see outfit.rs.

struct Look {
    albedo: vec3<f32>,
    // Strength and sharpness of the highlight.
    gloss: vec2<f32>,
    // How much folds tilt the surface.
    folds: f32,
};

// Which outfit the rider wears.
var<private> outfit: i32;

// Where the jacket ends.
const WAIST: f32 = -0.075;

// Jacket and trousers of each outfit.
const JACKETS = array<vec3<f32>, 4>(
    vec3<f32>(0.78, 0.085, 0.035),
    vec3<f32>(0.03, 0.16, 0.62),
    vec3<f32>(0.16, 0.46, 0.05),
    vec3<f32>(0.86, 0.62, 0.06),
);
const TROUSERS = array<vec3<f32>, 4>(
    vec3<f32>(0.020, 0.032, 0.075),
    vec3<f32>(0.11, 0.085, 0.055),
    vec3<f32>(0.03, 0.03, 0.035),
    vec3<f32>(0.16, 0.04, 0.13),
);
const CREAM: vec3<f32> = vec3<f32>(0.80, 0.74, 0.62);
const TEAL: vec3<f32> = vec3<f32>(0.015, 0.22, 0.26);
const COAL: vec3<f32> = vec3<f32>(0.022, 0.023, 0.027);
const SKIN: vec3<f32> = vec3<f32>(0.62, 0.36, 0.25);

// 1 in a line of half-width `half` around zero.
fn stripe(offset: f32, half: f32) -> f32 {
    return 1.0 - smoothstep(half, half + 0.003, abs(offset));
}

fn jacket(at: vec3<f32>) -> Look {
    let reach = abs(at.x);
    var color = JACKETS[outfit];
    // A dark yoke over shoulders and upper sleeves, edged in cream.
    let yoke = at.y - 0.375 + 0.10 * smoothstep(0.12, 0.30, reach);
    let sleeve = reach - 0.36;
    let border = min(yoke, -sleeve);
    color = mix(color, TROUSERS[outfit] * 1.5, smoothstep(-0.002, 0.002, border));
    color = mix(color, CREAM, stripe(border + 0.010, 0.008));
    color = mix(color, CREAM, stripe(reach - 0.60, 0.012));
    color = mix(color, COAL, smoothstep(0.655, 0.658, reach));
    let front = step(0.0, at.z) * step(reach, 0.2);
    color = mix(color, COAL, stripe(at.x, 0.004) * front);
    color = mix(color, COAL, stripe(at.y - 0.10 + 0.5 * (reach - 0.1), 0.005) * front * step(0.06, reach) * step(reach, 0.14));
    color = mix(color, COAL, stripe(at.y + 0.060, 0.010) * step(reach, 0.3));
    return Look(color, vec2<f32>(0.06, 12.0), 0.5);
}

fn trousers(at: vec3<f32>) -> Look {
    var color = TROUSERS[outfit] * 2.1 + vec3<f32>(0.012, 0.014, 0.012);
    color = mix(color, COAL, stripe(at.y + 0.50, 0.05) * step(0.0, at.z) * 0.6);
    color = mix(color, COAL, stripe(at.y + 0.875, 0.012));
    return Look(color, vec2<f32>(0.05, 10.0), 0.55);
}

fn body(at: vec3<f32>) -> Look {
    let reach = abs(at.x);
    if at.y > 0.582 && reach < 0.15 {
        let lips = stripe(at.y - 0.617, 0.006) * step(reach, 0.024) * step(0.10, at.z);
        return Look(mix(SKIN, vec3<f32>(0.45, 0.14, 0.11), lips), vec2<f32>(0.10, 20.0), 0.0);
    }
    if at.y > 0.505 && reach < 0.12 {
        return Look(TEAL, vec2<f32>(0.02, 8.0), 0.35);
    }
    if reach > 0.70 {
        return Look(mix(COAL * 1.6, TEAL, stripe(reach - 0.715, 0.008)), vec2<f32>(0.12, 18.0), 0.3);
    }
    if at.y < WAIST && reach < 0.4 {
        return trousers(at);
    }
    return jacket(at);
}

fn boot(at: vec3<f32>) -> Look {
    let sole = 1.0 - smoothstep(-1.024, -1.020, at.y);
    let straps = max(stripe(at.z - 0.02 + (at.y + 0.9) * 0.9, 0.016), stripe(at.z - 0.115, 0.012));
    let laces = stripe(fract((at.y + at.z) * 26.0) - 0.5, 0.10) * step(0.0, at.z) * step(abs(abs(at.x) - 0.15), 0.022);
    var color = mix(COAL * 2.4, CREAM * 0.6, laces * 0.7);
    color = mix(color, COAL * 0.5, straps);
    return Look(mix(color, CREAM * 0.8, sole), vec2<f32>(0.12, 20.0), 0.05);
}

fn helmet(at: vec3<f32>) -> Look {
    let strap = stripe(at.y - 0.103, 0.020) * step(at.z, 0.105);
    var color = vec3<f32>(0.045, 0.05, 0.06);
    color = mix(color, JACKETS[outfit], stripe(abs(at.x) - 0.026, 0.008) * step(0.11, at.y));
    color = mix(color, TEAL * 0.8, strap);
    return Look(color, vec2<f32>(mix(0.5, 0.03, strap), 60.0), 0.0);
}

fn goggles(at: vec3<f32>, normal: vec3<f32>, to_eye: vec3<f32>) -> Look {
    let frame_part = max(smoothstep(0.86, 0.90, abs(at.x)), smoothstep(0.66, 0.74, abs(at.y)));
    let mirrored = sky_color(abs(reflect(-to_eye, normal)) + vec3<f32>(0.0, 0.05, 0.0));
    let tint = mix(vec3<f32>(0.80, 0.28, 0.04), vec3<f32>(0.55, 0.07, 0.22), at.y * 0.5 + 0.5);
    let lens = tint * (0.25 + 0.8 * mirrored);
    return Look(mix(lens, CREAM, frame_part), vec2<f32>(mix(1.0, 0.1, frame_part), 90.0), 0.0);
}

fn board(at: vec3<f32>, normal: vec3<f32>) -> Look {
    if at.y > 0.5 {
        return Look(COAL, vec2<f32>(0.15, 20.0), 0.0);
    }
    // Deck and base share a sunset fading from the nose to the tail, with bands across.
    var color = mix(vec3<f32>(0.95, 0.55, 0.05), vec3<f32>(0.02, 0.30, 0.42), smoothstep(-0.35, 0.35, at.x + 0.6 * at.z));
    color = mix(color, CREAM, stripe(fract((at.x + 0.6 * at.z) * 3.5) - 0.5, 0.07) * step(abs(at.x), 0.6));
    color = mix(color, COAL, smoothstep(0.128, 0.134, abs(at.z)) * 0.7);
    return Look(color, vec2<f32>(0.45, 50.0), 0.0);
}

@fragment
fn fs_rider(surface: Surface) -> @location(0) vec4<f32> {
    var normal = normalize(surface.normal);
    let to_eye = normalize(frame.eye.xyz - surface.world);
    let at = surface.local;
    var look = Look(vec3<f32>(0.0), vec2<f32>(0.0, 1.0), 0.0);
    outfit = (surface.material / OUTFIT) % 4;
    switch surface.material % OUTFIT {
        case MATERIAL_HELMET: { look = helmet(at); }
        case MATERIAL_GOGGLES: { look = goggles(at, normal, to_eye); }
        case MATERIAL_BOOT: { look = boot(at); }
        case MATERIAL_BOARD: { look = board(at, normal); }
        default: { look = body(at); }
    }
    let crease = noise_slope(vec2<f32>(at.x * 11.0 + at.z * 9.0, at.y * 19.0 + at.z * 7.0)).yz
        + 0.5 * noise_slope(vec2<f32>(at.x * 37.0, at.y * 41.0 + at.z * 33.0)).yz;
    normal = normalize(normal + (vec3<f32>(crease.x, crease.y, crease.x - crease.y) * look.folds) * 0.30);
    let sun = sunlight(surface.world, normalize(surface.normal), 1.5);
    let facing = max(dot(normal, frame.to_sun.xyz), 0.0);
    let half_way = normalize(frame.to_sun.xyz + to_eye);
    let highlight = look.gloss.x * pow(max(dot(normal, half_way), 0.0), look.gloss.y) * sun;
    // Cloth and skin catch the bright sky at grazing angles.
    let rim = 0.10 * pow(1.0 - max(dot(normal, to_eye), 0.0), 3.0);
    let color = look.albedo * (SUN * facing * sun * 1.05 + ambient(normal) * 1.15) + SUN * highlight + SKY * rim;
    return tone(color);
}
