import type { Place } from "./sun.ts";

/** Mean radius of the Earth in kilometres (IUGG). */
const EARTH_RADIUS_KM = 6_371.0088;

/** Great-circle distance in kilometres and the compass bearing at the start in degrees, by the haversine formula. */
export function greatCircle(from: Place, to: Place): { readonly kilometres: number; readonly bearing: number } {
  const [startLatitude, endLatitude] = [radians(from.latitude), radians(to.latitude)];
  const deltaLatitude = endLatitude - startLatitude;
  const deltaLongitude = radians(to.longitude - from.longitude);
  const haversine =
    Math.sin(deltaLatitude / 2) ** 2 +
    Math.cos(startLatitude) * Math.cos(endLatitude) * Math.sin(deltaLongitude / 2) ** 2;
  const east = Math.sin(deltaLongitude) * Math.cos(endLatitude);
  const north =
    Math.cos(startLatitude) * Math.sin(endLatitude) -
    Math.sin(startLatitude) * Math.cos(endLatitude) * Math.cos(deltaLongitude);
  const bearing = (Math.atan2(east, north) * 180) / Math.PI;
  return {
    kilometres: 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(haversine))),
    bearing: (bearing + 360) % 360,
  };
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
