import type { OwnParameters } from "../../core/authorization-parameters.ts";
import { isObject, isTexts, parseObject } from "../../core/shape.ts";

/**
 * Returns the `acr` values of which the ID token must have one, because the parameter `claims` requests `acr` as an essential
 * claim. An empty list means that any `acr` is accepted. Undefined: `acr` is not essential. `checkLoginParameters()` has
 * validated `claims`.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
 */
export function essentialAcr({ claims = "" }: OwnParameters): readonly string[] | undefined {
  const { id_token: idToken } = parseObject(claims) ?? {};
  const acr = isObject(idToken) ? idToken["acr"] : undefined;
  if (!isObject(acr) || acr["essential"] !== true) return undefined;
  const values = acr["values"] ?? [acr["value"] ?? []].flat();
  return isTexts(values) ? values : [];
}
