using Amazon.Runtime;

namespace Reelseal.Storage;

/// <summary>Creates HTTP clients that never let the SDK wait for a socket on the thread that reads from all of them.</summary>
/// <remarks>
/// The SDK reads errors and lists from the connection synchronously, on the thread that brought it the head of the answer. With
/// <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS</c> that is the thread which would have to bring the body too: everything on its sockets would stand still
/// for ever as soon as a body came a moment after its head.
/// </remarks>
internal sealed class StoreHttpClients : HttpClientFactory
{
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
        // As the SDK sets its own up: it follows redirects itself, and signs what it sends.
        new(new OffTheSocketThread(new() { AllowAutoRedirect = false, UseCookies = false }))
        {
            Timeout = Timeout.InfiniteTimeSpan, // Deadline ends a call
        };

    private sealed class OffTheSocketThread(SocketsHttpHandler connections) : DelegatingHandler(connections)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            try
            {
                if (!response.IsSuccessStatusCode)
                    await response.Content.LoadIntoBufferAsync(cancellationToken); // no thread waits for an error, however slow
            }
            catch
            {
                response.Dispose();
                throw;
            }
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return response;
        }
    }
}
