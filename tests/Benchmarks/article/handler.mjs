// The common way to sign a playlist: fetch it, sign every segment with a canned policy, return the result.
// SIGN=one signs a single URL, for the start-up row.
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/cloudfront-signer";

const { S3_ENDPOINT, S3_BUCKET, AWS_REGION, CLOUDFRONT_URL, KEY_PAIR_ID, PRIVATE_KEY, PORT, SIGN } = process.env;
const s3 = new S3Client({ endpoint: S3_ENDPOINT, region: AWS_REGION, forcePathStyle: true });

async function handler(key) {
  const object = await s3.send(new GetObjectCommand({ Bucket: S3_BUCKET, Key: key }));
  const playlist = await object.Body.transformToString();
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const dateLessThan = new Date(Date.now() + 24 * 3600 * 1000).toISOString();
  let signed = 0;
  return playlist
    .split("\n")
    .map(line => {
      if (!line.endsWith(".ts") || (SIGN === "one" && signed++ > 0)) return line;
      return getSignedUrl({ url: `${CLOUDFRONT_URL}/${folder}${line}`, keyPairId: KEY_PAIR_ID, privateKey: PRIVATE_KEY, dateLessThan });
    })
    .join("\n");
}

createServer(async (request, response) => {
  try {
    let body = Buffer.from(await handler(request.url.slice(1)));
    response.setHeader("Content-Type", "application/vnd.apple.mpegurl");
    if (/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
      body = gzipSync(body);
      response.setHeader("Content-Encoding", "gzip");
    }
    response.end(body);
  } catch (error) {
    response.statusCode = error.$metadata?.httpStatusCode ?? 500;
    response.end(String(error));
  }
}).listen(Number(PORT), "127.0.0.1");
