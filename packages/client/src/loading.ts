/**
 * Modules that are loaded when they are first needed. A runtime keeps what it has loaded too, but looks it up anew each
 * time, which takes some ten microseconds (Node 24).
 */

/** Loads with `load`, once. What could not be loaded is tried again the next time. */
export function loading<Module>(load: () => Promise<Module>): () => Promise<Module> {
  let loaded: Promise<Module> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}
