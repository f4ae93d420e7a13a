import { mkdir, writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import path from "node:path";
import { pictureOf } from "./picture.ts";

/** A sampled profile of this process's JavaScript, from `startProfile` to `stopProfile`. */
let session: Session | undefined;

export async function startProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 500 });
  await session.post("Profiler.start");
}

/** Writes what was seen to a `.cpuprofile`, as Chrome's developer tools and speedscope read it, and a picture of it. */
export async function stopProfile(file: string): Promise<void> {
  if (!session) return;
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(profile));
  await writeFile(file.replace(/\.cpuprofile$/, ".svg"), pictureOf(profile));
}
