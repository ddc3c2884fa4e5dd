import { ConfigurationError } from "./errors.ts";

/**
 * Maps each parameter that the protocol sets to a sentence for the developer: the option to use, or the reason why there is no
 * option.
 */
export type OwnedParameters = Readonly<Record<string, string>>;

/**
 * Throws if the app's `parameters` contain a parameter that the protocol sets. `input` is the name of the option with the
 * parameters, such as `extraParameters`. The error never contains the value of a parameter.
 * @param owned the parameters that the protocol sets
 * @throws ConfigurationError `parameters` is not an object of strings, or contains a parameter of `owned`
 */
export function assertNotOwned(input: string, parameters: unknown, owned: OwnedParameters): void {
  if (parameters === undefined) return;
  if (typeof parameters !== "object" || parameters === null || Array.isArray(parameters)) {
    throw new ConfigurationError(
      input,
      "it is not an object",
      "Give an object of parameters by name.",
    );
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (Object.hasOwn(owned, name)) {
      throw new ConfigurationError(
        `${input}.${name}`,
        "the protocol sets this parameter, so an app cannot replace it",
        `Remove ${name} from ${input}. ${owned[name]}`,
      );
    }
    if (value !== undefined && typeof value !== "string") {
      throw new ConfigurationError(
        `${input}.${name}`,
        "it is not a string",
        "Give the text that the server expects. For an object, give the result of JSON.stringify().",
      );
    }
  }
}
