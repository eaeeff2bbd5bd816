// Remakes aws-vectors.json with AWS's own signer and new keys: npm install @aws-sdk/cloudfront-signer && node aws-vectors.mjs
import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";

const encoding = { publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } };
const keys = {
  K2RSAEXAMPLE: generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding }),
  K2P256EXAMPLE: generateKeyPairSync("ec", { namedCurve: "P-256", ...encoding }),
};
const host = "https://d111111abcdef8.cloudfront.net";
const video = `${host}/videos/0b6f6f5c-8c6e-4a62-9f43-0d4f0c1b7a11`;
const ends = "2030-01-01T00:00:00Z";
const policy = JSON.stringify({
  Statement: [{ Resource: `${video}/*`, Condition: { DateLessThan: { "AWS:EpochTime": Date.parse(ends) / 1000 } } }],
});
const ways = [
  { name: "canned", url: `${video}/a1/1080p/00000.ts` },
  { name: "canned with a query", url: `${video}/multivariant.m3u8?until=1893456000&proof=abc-_` },
  { name: "from a time on", url: `${video}/a1/720p/00001.ts`, dateGreaterThan: "2026-01-01T00:00:00Z" },
  { name: "for an address range", url: `${video}/a1/720p/00002.ts`, ipAddress: "203.0.113.0/24" },
  { name: "wildcard", url: `${video}/a1/480p/playlist.m3u8?until=1893456000`, policy },
];

const vectors = [];
for (const [keyPairId, { privateKey }] of Object.entries(keys)) {
  for (const algorithm of keyPairId.includes("RSA") ? [undefined, "SHA256"] : ["SHA256"]) {
    for (const { name, ...way } of ways) {
      const input = { ...way, keyPairId, privateKey, ...(way.policy ? {} : { dateLessThan: ends }), ...(algorithm && { algorithm }) };
      vectors.push({
        name: `${name}, ${keyPairId.includes("RSA") ? "RSA" : "P-256"}, ${algorithm ?? "SHA-1 as nothing is said"}`,
        url: way.url,
        signedUrl: getSignedUrl(input),
        cookies: getSignedCookies(input),
        ...(way.ipAddress && { viewer: "203.0.113.77" }),
      });
    }
  }
}
writeFileSync(
  new URL("aws-vectors.json", import.meta.url),
  JSON.stringify({ keys: Object.fromEntries(Object.entries(keys).map(([id, { publicKey }]) => [id, publicKey])), vectors }, null, 2) + "\n",
);
