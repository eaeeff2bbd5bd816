// The common way to ingest a video: save the upload, run ffmpeg once for each rendition, one after the other, then upload all files.
// RUNS: ffmpeg's arguments for each rendition, as JSON; they read the file "source" and write into a folder each, all in the working directory.
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const { S3_ENDPOINT, S3_BUCKET, AWS_REGION, PORT, RUNS } = process.env;
const s3 = new S3Client({ endpoint: S3_ENDPOINT, region: AWS_REGION, forcePathStyle: true });
const uploadsAtOnce = 4; // as many as ours

const ffmpeg = (args, cwd) =>
  new Promise((resolve, reject) =>
    spawn("ffmpeg", args, { cwd, stdio: ["ignore", "ignore", "inherit"] }).on("error", reject).on("exit", code => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`)))),
  );

async function ingest(request, id) {
  const folder = await mkdtemp(join(tmpdir(), "article-"));
  try {
    await pipeline(request, createWriteStream(join(folder, "source")));
    const names = [];
    for (const { name, args } of JSON.parse(RUNS)) {
      await mkdir(join(folder, name));
      await ffmpeg(args, folder);
      names.push(name);
    }
    await writeFile(join(folder, "multivariant.m3u8"), "#EXTM3U\n" + names.map(name => `#EXT-X-STREAM-INF:BANDWIDTH=1\n${name}/playlist.m3u8\n`).join(""));
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile() && entry.name !== "source").map(entry => join(entry.parentPath, entry.name));
    const upload = async () => {
      for (let path; (path = files.pop()); ) await s3.send(new PutObjectCommand({ Bucket: S3_BUCKET, Key: `article/${id}/${path.slice(folder.length + 1)}`, Body: await readFile(path) }));
    };
    await Promise.all(Array.from({ length: uploadsAtOnce }, upload));
  } finally {
    await rm(folder, { recursive: true });
  }
}

let count = 0;
createServer(async (request, response) => {
  try {
    await ingest(request, count++);
    response.statusCode = 201;
    response.end();
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
}).listen(Number(PORT), "127.0.0.1");
