import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { Profiler } from "node:inspector";
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
  await draw(file);
}

/** Has a program that is started, and every Node that it starts, write its profile to a folder when it ends. */
export function profilingTo(dir: string): string {
  return `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${dir}`;
}

/** Takes the profile of the longest life in a folder to a file, with its picture, and clears the folder away. */
export async function keepProfile(dir: string, file: string): Promise<void> {
  const names = (await readdir(dir)).map((name) => path.join(dir, name));
  const sizes = await Promise.all(names.map(async (name) => ({ name, size: (await stat(name)).size })));
  const longest = sizes.reduce((one, other) => (other.size > one.size ? other : one));
  await mkdir(path.dirname(file), { recursive: true });
  await copyFile(longest.name, file);
  await rm(dir, { recursive: true });
  await draw(file);
}

async function draw(file: string): Promise<void> {
  const profile = JSON.parse(await readFile(file, "utf8")) as Profiler.Profile;
  await writeFile(file.replace(/\.cpuprofile$/, ".svg"), pictureOf(profile));
}
