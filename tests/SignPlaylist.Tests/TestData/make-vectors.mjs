// Remakes vectors.json with AWS's own signer: npm install --no-save @aws-sdk/cloudfront-signer && node make-vectors.mjs > vectors.json
// The keys are made here, for this file, and open nothing.
import { generateKeyPairSync } from "node:crypto";
import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
const ecdsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
const keyPairId = "K2JCJMDEHXQW5F";
const video = "https://d111111abcdef8.cloudfront.net/videos/3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";
const expires = 1_800_000_000;
const iso = seconds => new Date(seconds * 1000).toISOString();

const vectors = [];
for (const [keyType, privateKey] of [["rsa", rsa], ["ecdsa", ecdsa]]) {
  for (const algorithm of keyType === "rsa" ? ["SHA1", "SHA256"] : ["SHA256"]) {
    const common = { keyPairId, privateKey, algorithm: algorithm === "SHA1" ? undefined : algorithm };
    for (const url of [`${video}/a1/720p/00000.ts`, `${video}/a1/720p/00000.ts?x=1`, `${video}/multivariant.m3u8?until=1800000000&proof=abc_-`])
      vectors.push({ keyType, hash: algorithm, kind: "canned", url, expires, signed: getSignedUrl({ ...common, url, dateLessThan: iso(expires) }) });

    for (const start of [null, expires - 3600]) {
      // AWS's signer chooses a custom policy by itself when there is a start; without one it has to be given.
      const resource = `${video}/*`;
      const condition = { DateLessThan: { "AWS:EpochTime": expires }, ...(start ? { DateGreaterThan: { "AWS:EpochTime": start } } : {}) };
      const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] });
      const url = `${video}/a1/720p/00000.ts`;
      vectors.push({
        keyType, hash: algorithm, kind: "custom", url, resource, start, expires,
        signed: getSignedUrl({ ...common, url, policy }),
        cookies: getSignedCookies({ ...common, policy }),
      });
    }
  }
}
console.log(JSON.stringify({ keyPairId, rsa, ecdsa, vectors }, null, 2));
