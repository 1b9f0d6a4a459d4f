// Uploads a picture directly to the bucket. Without this script, the form sends it through the app.
const form = document.querySelector("form[data-upload-url]");
const { picture, upload, csrf_token: token } = form.elements;
const errors = form.querySelector(".errors");
const button = form.querySelector("button");

function showError(message) {
  const paragraph = document.createElement("p");
  paragraph.textContent = message;
  errors.replaceChildren(paragraph);
}

async function uploadToBucket(file) {
  const query = new URLSearchParams({ csrf_token: token.value, type: file.type });
  const response = await fetch(form.dataset.uploadUrl, { method: "POST", body: query });
  const { url, fields, upload: signedKey, error } = await response.json();
  if (error) throw new RangeError(error);
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("file", file); // must be last: the bucket ignores the fields after it
  const stored = await fetch(url, { method: "POST", body });
  if (!stored.ok) throw new Error(`the bucket responded with ${stored.status}`);
  return signedKey;
}

form.addEventListener("submit", async (event) => {
  const [file] = picture.files;
  if (!file) return;
  event.preventDefault();
  if (file.size > Number(form.dataset.maxBytes)) return showError("The picture is over 5 MB.");
  button.disabled = true;
  try {
    upload.value = await uploadToBucket(file);
    picture.disabled = true; // it is already in the bucket
  } catch (error) {
    if (error instanceof RangeError) {
      button.disabled = false;
      return showError(error.message);
    }
    // The browser cannot reach the bucket: the form sends the picture through the app.
  }
  form.submit();
});
