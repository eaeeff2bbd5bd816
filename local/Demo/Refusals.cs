using System.Net;
using Reelseal.Local.Edge.Signing;
using Reelseal.Local.Playback;

namespace Reelseal.Local.Demo;

/// <summary>Checks that what is signed opens only with its signature: each address is asked for in every way that must fail.</summary>
internal static class Refusals
{
    /// <param name="client">Fetches.</param>
    /// <param name="signed">Addresses that open.</param>
    /// <param name="foreignQuery">A valid signature, of another video.</param>
    /// <param name="expiredQuery">A signature of this video whose time is over.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>How many were refused.</returns>
    /// <exception cref="DemoFailedException">One was let through, or refused with another status than 403.</exception>
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

    /// <summary>The address in each way that must be refused, and what was done to it.</summary>
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
