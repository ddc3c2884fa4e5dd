/**
 * The method by which a client authenticates at the token endpoint. Browser apps use `none`, because a browser app cannot keep
 * a secret.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
 */
export type ClientAuthentication =
  | { readonly method: "none" }
  /** @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
  | {
      readonly method: "client_secret_basic" | "client_secret_post";
      readonly clientSecret: string;
    }
  /** @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
  | {
      readonly method: "private_key_jwt";
      readonly key: CryptoKey;
      /** The `kid` of the key at the server. */
      readonly keyId?: string;
      /** The `alg` of the signed JWTs, such as `ES256`. */
      readonly algorithm: string;
    };
