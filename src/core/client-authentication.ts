/**
 * How a client proves to the token endpoint that it is itself. `none` is for browsers: there are no secrets.
 * @see OpenID Connect Core 1.0 section 9
 */
export type ClientAuthentication =
  | { readonly method: "none" }
  /** @see RFC 6749 section 2.3.1 */
  | {
      readonly method: "client_secret_basic" | "client_secret_post";
      readonly clientSecret: string;
    }
  /** @see RFC 7523 section 2.2 */
  | {
      readonly method: "private_key_jwt";
      readonly key: CryptoKey;
      /** Of the key at the server. */
      readonly keyId?: string;
      /** `alg` of the assertions, such as ES256. */
      readonly algorithm: string;
    };
