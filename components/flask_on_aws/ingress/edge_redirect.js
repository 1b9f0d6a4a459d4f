// CloudFront runs this for each request before it looks into its cache, which all names of a distribution share: a redirect
// from behind the cache would be kept for the domain that it leads to as well. ECMAScript 5.1.
var SETTINGS = {};

function handler(event) {
    var request = event.request;
    var host = request.headers.host ? request.headers.host.value.toLowerCase() : '';
    if (!SETTINGS.hosts.some(function (pattern) { return covers(pattern, host); })) {
        return request;
    }
    var query = request.rawQueryString();
    return {
        statusCode: 301,
        statusDescription: 'Moved Permanently',
        headers: {
            location: { value: 'https://' + SETTINGS.target + request.uri + (query ? '?' + query : '') }
        }
    };
}

function covers(pattern, host) {
    return pattern === host || (pattern.slice(0, 2) === '*.' && host.slice(1 - pattern.length) === pattern.slice(1));
}
