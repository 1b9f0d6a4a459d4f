// Sends a picture to the bucket itself, past the app. Without this script the form sends it through the app.
const form = document.querySelector("form[data-upload-url]");
const { picture, upload, csrf_token: token } = form.elements;
const errors = form.querySelector(".errors");
const button = form.querySelector("button");

function say(sentence) {
  const line = document.createElement("p");
  line.textContent = sentence;
  errors.replaceChildren(line);
}

async function send(file) {
  const asked = new URLSearchParams({ csrf_token: token.value, type: file.type });
  const answer = await fetch(form.dataset.uploadUrl, { method: "POST", body: asked });
  const { url, fields, upload: name, error } = await answer.json();
  if (error) throw new RangeError(error);
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  body.append("file", file); // last: the bucket ignores what follows
  const kept = await fetch(url, { method: "POST", body });
  if (!kept.ok) throw new Error(`the bucket answered ${kept.status}`);
  return name;
}

form.addEventListener("submit", async (event) => {
  const [file] = picture.files;
  if (!file) return;
  event.preventDefault();
  if (file.size > Number(form.dataset.largest)) return say("The picture is over 5 MB.");
  button.disabled = true;
  try {
    upload.value = await send(file);
    picture.disabled = true; // it is there already
  } catch (error) {
    if (error instanceof RangeError) {
      button.disabled = false;
      return say(error.message);
    }
    // The bucket cannot be reached from here: the app can.
  }
  form.submit();
});
