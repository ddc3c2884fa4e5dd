import { describe, expect, test } from "vitest";
import type { TokenStorage } from "../../src/core/token-storage.ts";

/** An empty place for storages, and what the tests do with it. */
export interface StorageUnderTest {
  /** Opens a storage with this prefix. All storages share the place. */
  open(prefix: string): TokenStorage;
  /** Advances the clock that decides when values expire. */
  addMs(ms: number): void | Promise<void>;
  /** All records of the storages in the place, as text. */
  dump(): Promise<string>;
  /** Damages every record in the place. */
  damage(): Promise<void>;
}

const TOKENS = {
  accessToken: "at-secret",
  expiresAt: 1_900_000_000_000,
  scope: ["a", "b"],
  user: { sub: "ada", claims: { nested: [1, null, "ü"] } },
};

/** Tests the behaviour that every `TokenStorage` must have. */
export function describeTokenStorage(
  name: string,
  make: () => StorageUnderTest | Promise<StorageUnderTest>,
): void {
  describe(name, () => {
    test("returns a copy of a stored value, and undefined without one", async () => {
      const storage = (await make()).open("one");
      expect(await storage.get("k")).toBeUndefined();
      expect(await storage.exists("k")).toBe(false);
      const value = structuredClone(TOKENS);
      await storage.set("k", value);
      value.scope.push("later");
      expect(await storage.get("k")).toEqual(TOKENS);
      expect(await storage.exists("k")).toBe(true);
      ((await storage.get("k")) as typeof TOKENS).scope.push("later");
      expect(await storage.get("k")).toEqual(TOKENS);
      await storage.set("k", "other");
      expect(await storage.get("k")).toBe("other");
    });

    test("keeps keys with special characters apart", async () => {
      const storage = (await make()).open("one");
      const keys = ["a", "a/b", "a:b", 'auth_token:x:["","","s"]', "ä", "__proto__", "*", ""];
      for (const key of keys) await storage.set(key, { key });
      for (const key of keys) expect(await storage.get(key)).toEqual({ key });
      await storage.delete("a");
      expect(await storage.exists("a")).toBe(false);
      expect(await storage.get("a/b")).toEqual({ key: "a/b" });
      await storage.delete("never there");
    });

    test("returns a value until its time to live has passed, and forever without one", async () => {
      const place = await make();
      const storage = place.open("one");
      await storage.set("short", "s", 1_000);
      await storage.set("long", "l", 60_000);
      await storage.set("ever", "e");
      await storage.set("infinite", "i", Infinity);
      await storage.set("gone", "g", 0);
      await storage.set("gone", "g", -5);
      expect(await storage.get("gone")).toBeUndefined();
      expect([await storage.get("short"), await storage.exists("short")]).toEqual(["s", true]);
      await place.addMs(1_001);
      expect([await storage.get("short"), await storage.exists("short")]).toEqual([
        undefined,
        false,
      ]);
      expect(await storage.get("long")).toBe("l");
      await place.addMs(10 * 365 * 86_400_000);
      expect(await storage.get("long")).toBeUndefined();
      expect(await storage.get("ever")).toBe("e");
      expect(await storage.get("infinite")).toBe("i");
      await storage.set("short", "again", 1_000);
      expect(await storage.get("short")).toBe("again");
      await storage.set("short", "for good");
      await place.addMs(2_000);
      expect(await storage.get("short")).toBe("for good");
    });

    test("deletes expired values at the next set(), also values that are never read", async () => {
      const place = await make();
      const storage = place.open("one");
      await storage.set("old", TOKENS, 1_000);
      expect(await place.dump()).toContain("at-secret");
      await place.addMs(1_001);
      await storage.set("new", "n");
      expect(await place.dump()).not.toContain("at-secret");
      expect(await storage.get("new")).toBe("n");
    });

    test("replaces an expired value", async () => {
      const place = await make();
      const storage = place.open("one");
      await storage.set("k", "old", 1_000);
      await place.addMs(1_001);
      await storage.set("k", "new", 1_000);
      expect(await storage.get("k")).toBe("new");
    });

    test("clear() deletes only the values with its prefix", async () => {
      const place = await make();
      const [one, more, other] = [place.open("one"), place.open("one/more"), place.open("other")];
      for (const storage of [one, more, other]) {
        await storage.set("k", TOKENS);
        await storage.set("l", TOKENS);
      }
      await other.clear();
      expect([await other.exists("k"), await other.exists("l")]).toEqual([false, false]);
      expect([await one.exists("k"), await more.exists("l")]).toEqual([true, true]);
      await other.clear();
    });

    test("treats a damaged record as missing, and removes it", async () => {
      const place = await make();
      const storage = place.open("one");
      await storage.set("k", TOKENS);
      await place.damage();
      expect(await storage.get("k")).toBeUndefined();
      expect(await storage.exists("k")).toBe(false);
      expect(await place.dump()).not.toContain("damaged");
      await storage.set("k", "new");
      expect(await storage.get("k")).toBe("new");
    });
  });
}
