using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;
using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Tests.Edge;

/// <summary>Checks a URL or cookies as the edge would, without HTTP.</summary>
internal static class ViewerRequests
{
    public static Refusal? Check(TrustedKeyGroup keys, string url, DateTimeOffset now, string? cookies = null, string viewer = "203.0.113.77")
    {
        var address = new Uri(url);
        var target = url[(url.IndexOf("//", StringComparison.Ordinal) + 2 + address.Authority.Length)..];
        var request = SignedRequest.Read(address.Scheme, address.Authority, target, CookiesOf(cookies));
        return new ViewerAccess(keys, new FakeTimeProvider(now)).Check(request, IPAddress.Parse(viewer));
    }

    private static IRequestCookieCollection CookiesOf(string? header)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Cookie = header;
        return new RequestCookiesFeature(context.Features).Cookies;
    }
}
