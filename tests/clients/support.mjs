// SPDX-License-Identifier: Apache-2.0
// Where the server is, and the record of a call.

export const url = process.env.SLIPWAY_URL;
export const key = process.env.SLIPWAY_KEY;
export const question = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "What is a slipway?" },
];
export const weatherParameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

const headers = { authorization: `Bearer ${process.env.SLIPWAY_TOKEN}` };

// Polls until the record can be queried. Thirty seconds are reached only where something hangs.
export async function record(id) {
  for (let i = 0; i < 300; ++i) {
    const answer = await fetch(`${url}/api/v1/invocations/${id}`, { headers });
    if (answer.ok) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`there is no record ${id}`);
}

export async function newestRecord(match) {
  for (let i = 0; i < 300; ++i) {
    const answer = await fetch(`${url}/api/v1/invocations?limit=50`, { headers });
    const found = (await answer.json()).items.find(match);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("no record fits");
}
