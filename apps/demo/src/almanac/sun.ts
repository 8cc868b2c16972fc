/** Sunrise, sunset and noon of one day at one place, in UTC. */
export type SunTimes =
  | {
      readonly kind: "rises";
      readonly sunrise: Date;
      readonly noon: Date;
      readonly sunset: Date;
      readonly dayMinutes: number;
    }
  | { readonly kind: "polar_day" | "polar_night"; readonly noon: Date };

/** A place on Earth in degrees, north and east positive. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

const DAY_MS = 86_400_000;
/** 1 January 2000, 12:00 UTC: where the formulas below count their days from. */
const J2000_MS = Date.UTC(2000, 0, 1, 12);
/** Altitude of the sun's centre when its upper edge touches the horizon: half its width and refraction, in degrees. */
const RISE_ALTITUDE = -0.833;

/**
 * The sunrise equation with the sun's mean anomaly and the equation of the centre; right to about a minute between the
 * polar circles. `date` is any moment of the UTC day.
 */
export function sunTimes({ latitude, longitude }: Place, date: Date): SunTimes {
  const day = Math.round(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), 12) - J2000_MS) / DAY_MS,
  );
  const solarDay = day - longitude / 360;
  const anomaly = modulo(357.5291 + 0.98560028 * solarDay, 360);
  const centre = 1.9148 * sin(anomaly) + 0.02 * sin(2 * anomaly) + 0.0003 * sin(3 * anomaly);
  const eclipticLongitude = modulo(anomaly + centre + 180 + 102.9372, 360);
  const noonDay = solarDay + 0.0053 * sin(anomaly) - 0.0069 * sin(2 * eclipticLongitude);
  const noon = momentOf(noonDay);
  const sinDeclination = sin(eclipticLongitude) * sin(23.4397);
  const cosDeclination = Math.sqrt(1 - sinDeclination ** 2);
  const cosHourAngle = (sin(RISE_ALTITUDE) - sin(latitude) * sinDeclination) / (cos(latitude) * cosDeclination);
  if (cosHourAngle < -1) return { kind: "polar_day", noon };
  if (cosHourAngle > 1) return { kind: "polar_night", noon };
  const halfDay = degrees(Math.acos(cosHourAngle)) / 360;
  return {
    kind: "rises",
    sunrise: momentOf(noonDay - halfDay),
    noon,
    sunset: momentOf(noonDay + halfDay),
    dayMinutes: Math.round(halfDay * 2 * 24 * 60),
  };
}

function momentOf(day: number): Date {
  return new Date(Math.round(J2000_MS + day * DAY_MS));
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

function sin(angle: number): number {
  return Math.sin((angle * Math.PI) / 180);
}

function cos(angle: number): number {
  return Math.cos((angle * Math.PI) / 180);
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
