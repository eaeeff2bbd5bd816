using System.Net;
using Reelseal.Local.Edge.Signing;
using Reelseal.Local.Playback;

namespace Reelseal.Local.Demo;

/// <summary>Checks that signed URLs need their signature: requests each one in every way that must fail.</summary>
internal static class Refusals
{
    /// <param name="client">Fetches.</param>
    /// <param name="signed">URLs that work.</param>
    /// <param name="foreignQuery">A valid signature, of another video.</param>
    /// <param name="expiredQuery">An expired signature of this video.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>The number of refused requests.</returns>
    /// <exception cref="DemoFailedException">A request succeeded, or was refused with a status other than 403.</exception>
    public static async Task<int> CheckAsync(
        VideoClient client, IEnumerable<Uri> signed, string foreignQuery, string expiredQuery, CancellationToken cancellationToken)
    {
        var refused = 0;
        foreach (var address in signed)
        {
            foreach (var (what, tampered) in Variants(address, foreignQuery, expiredQuery))
            {
                using var response = await client.GetAsync(tampered, cancellationToken);
                if (response.StatusCode != HttpStatusCode.Forbidden)
                    throw new DemoFailedException($"{address.AbsolutePath} {what} was answered with {(int)response.StatusCode} instead of 403.");
                refused++;
            }
        }
        return refused;
    }

    /// <summary>Returns the URL in each form that must be refused, with a description of the change.</summary>
    public static IEnumerable<(string What, Uri Address)> Variants(Uri address, string foreignQuery, string expiredQuery)
    {
        var (own, reserved) = ViewerUrl.Parse(address.Scheme, address.Authority, address.PathAndQuery);
        var signature = reserved.Single(parameter => parameter.Key == "Signature").Value;
        var changed = signature[..10] + (signature[10] == 'A' ? 'B' : 'A') + signature[11..];
        yield return ("without a signature", new(own.ToString()));
        yield return ("with a changed signature", new(address.AbsoluteUri.Replace(signature, changed, StringComparison.Ordinal)));
        yield return ("with another video's signature", With(foreignQuery));
        yield return ("with an expired signature", With(expiredQuery));

        Uri With(string query) => new(own + (own.Query.Length == 0 ? "?" : "&") + query);
    }
}
