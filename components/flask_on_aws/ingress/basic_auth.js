// CloudFront runs this for each request before anything else: HTTP Basic authentication (RFC 7617).
// ECMAScript 5.1, with CloudFront Functions' own module crypto.
var crypto = require('crypto');

var SETTINGS = {};

function handler(event) {
    var request = event.request;
    var authorization = request.headers.authorization;
    if (authorization && isExpected(authorization.value)) {
        // The app must neither see the password nor take it for credentials of its own.
        delete request.headers.authorization;
        return request;
    }
    if (SETTINGS.openPaths.indexOf(request.uri) !== -1) {
        return request;
    }
    return {
        statusCode: 401,
        statusDescription: 'Unauthorized',
        headers: {
            'www-authenticate': { value: 'Basic realm="' + SETTINGS.realm + '", charset="UTF-8"' },
            'cache-control': { value: 'no-store' },
            'content-type': { value: 'text/plain; charset=utf-8' }
        },
        body: { encoding: 'text', data: 'This site needs a username and a password.\n' }
    };
}

// The credentials are compared as they were sent, in base64, so that nothing has to decode what may be malformed. The
// comparison need not take the same time for each value: from a part of a digest no password can be found.
function isExpected(authorization) {
    if (authorization.slice(0, 6).toLowerCase() !== 'basic ') {
        return false;
    }
    var credentials = authorization.slice(6).trim();
    return crypto.createHmac('sha256', SETTINGS.salt).update(credentials).digest('hex') === SETTINGS.digest;
}
